#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/agent_trust.h"

namespace pyro::agent {

/// The certificates that the guest's programs trust beside their own, without tools of the
/// environment. They are a marked part at the end of the system's store, files in the directory
/// from which update-ca-certificates(8) makes that store anew, and a file in /run for programs that
/// take more than their own.
class TrustStore {
 public:
  /// `root`: of the guest's files.
  explicit TrustStore(std::filesystem::path root) : root_(std::move(root)) {}

  /// invalid_argument: one is no certificate.
  void set(const api::agent::TrustCertificates& wanted);

  /// By which programs with stores of their own find these; empty: there are none.
  const std::map<std::string, std::string>& variables() const { return variables_; }

 private:
  std::filesystem::path store() const;
  std::filesystem::path first_source() const;
  void write_sources(const std::vector<std::string>& certificates) const;
  std::filesystem::path at(std::string_view path) const;

  std::filesystem::path root_;
  std::map<std::string, std::string> variables_;
};

}  // namespace pyro::agent
