#pragma once

#include <string>

#include "guest/agent/readiness/probe.h"

namespace pyro::agent {

/// Ready when the path exists.
class FileProbe : public Probe {
 public:
  FileProbe(asio::io_context& io, std::string path) : io_(io), path_(std::move(path)) {}
  void look(Found found) override;
  bool is_free() const override { return true; }

 private:
  asio::io_context& io_;
  std::string path_;
};

}  // namespace pyro::agent
