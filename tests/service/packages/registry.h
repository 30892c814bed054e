#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/base/unique_fd.h"

namespace pyro::net {

/// A registry on 127.0.0.1, which answers as its test says and remembers what it was asked.
class Registry {
 public:
  struct Answer {
    std::string status = "200 OK";
    std::string fields{};  ///< each with its end of line
    std::string body{};
    bool with_length = true;
  };

  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  std::uint16_t port() const { return port_; }
  std::string address() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }
  /// All others are 404.
  void set(const std::string& path, Answer answer);
  /// The heads of the requests so far.
  std::vector<std::string> heads() const;
  /// How often a path was asked for.
  std::size_t count(const std::string& path) const;

 private:
  void serve(UniqueFd connection);

  UniqueFd listener_;
  std::uint16_t port_ = 0;
  mutable std::mutex lock_;
  std::map<std::string, Answer> answers_;
  std::vector<std::string> heads_;
  std::jthread thread_;
};

/// A response of the cache.
struct Response {
  std::string head{};
  std::string body{};
  int status = 0;
  std::string cache{};  ///< HIT, MISS, …
};

/// Sends these bytes to a unix socket, and reads until its end.
std::string talk_to(const std::string& socket, std::string_view bytes);
/// GET, as the gate asks.
Response get(const std::string& socket, const std::string& path, const std::string& fields = "");

}  // namespace pyro::net
