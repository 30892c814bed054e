#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/network/package_sites.h"
#include "services/net/gate/streams/stream_guard.h"

namespace pyro::gate {

/// The path of a request for a package in its one form: no segment is empty, `.` or `..`, and what
/// needs no escape has none. Empty: the cache serves no such path.
std::string package_path(const network::PackageSite& site, std::string_view target);

/// Reads what a guest asks the package cache for, and asks anew: `GET` or `HEAD`, the site and a
/// path in its one form, and a few fields in forms of ours. So no byte of a guest's own making
/// reaches the cache, which all guests share, but the path. A request that it does not serve
/// becomes one for the answer that says so, in its turn; nothing is read after it.
class PackageGuard : public StreamGuard {
 public:
  static constexpr std::size_t kMostHeadBytes = 32U << 10U;
  static constexpr std::size_t kMostPathBytes = 2048;

  explicit PackageGuard(const network::PackageSite& site) : site_(site) {}

  bool up(std::string_view bytes, std::string& out) override;
  bool is_done() const override { return false; }
  std::vector<Asked> take_asked() override { return std::exchange(asked_, {}); }

 private:
  void take_line(std::string_view line, std::string& out);
  bool read_request_line(std::string_view line);
  bool read_field(std::string_view line);
  void ask(std::string& out);
  void refuse_request(int status, std::string& out);

  /// Of the request whose head is read.
  struct Request {
    bool has_line = false;
    std::string method{};
    std::string path{};
    std::string version{};
    std::string range{};
    std::string if_none_match{};
    std::string if_modified_since{};
    bool if_range = false;
    bool brief_form = false;  ///< of npm's metadata
    bool gzip = false;
    bool has_host = false;
    bool has_body = false;
    bool closes = false;
  };

  const network::PackageSite& site_;
  std::string line_;
  std::size_t head_bytes_ = 0;
  Request request_;
  bool over_ = false;  ///< what follows is not read
  std::vector<Asked> asked_;
};

}  // namespace pyro::gate
