#pragma once

#include <filesystem>
#include <thread>

#include "common/base/unique_fd.h"

namespace pyro::vm {

/// Makes connections to the host's package cache for a gate, which may make no unix socket of its
/// own: whoever can make one can speak to all of pyro. It works until its gate, or this object,
/// ends.
class CacheBroker {
 public:
  /// `gate`: of the pair whose other end the gate has. `cache`: the socket; empty: there is none.
  CacheBroker(UniqueFd gate, std::filesystem::path cache);
  CacheBroker(const CacheBroker&) = delete;
  CacheBroker& operator=(const CacheBroker&) = delete;
  ~CacheBroker();

 private:
  void serve() const;

  UniqueFd gate_;
  std::filesystem::path cache_;
  std::thread thread_;
};

}  // namespace pyro::vm
