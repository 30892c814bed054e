#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "guest/agent/readiness/connecting.h"
#include "guest/agent/readiness/probe.h"

namespace pyro::agent {

/// What an `http://HOST[:PORT]/PATH` asks for.
struct HttpTarget {
  Place place;
  std::string host;  ///< for the header of that name
  std::string path;  ///< with its query

  /// kInvalidArgument: no such URL.
  static HttpTarget parse(std::string_view url);
};

/// Ready when a GET is answered with a status from 200 to 399.
class HttpProbe : public Probe {
 public:
  HttpProbe(asio::io_context& io, HttpTarget target) : io_(io), target_(std::move(target)) {}
  ~HttpProbe() override;
  void look(Found found) override;
  /// A connection that is refused is not noticed, a request is.
  bool is_free() const override { return !connected_; }

 private:
  void ask();
  void read();
  void finish(const std::string& why);

  asio::io_context& io_;
  HttpTarget target_;
  std::shared_ptr<Connecting> connecting_;
  Found found_;
  std::string request_;
  std::string answer_;
  bool connected_ = false;
};

}  // namespace pyro::agent
