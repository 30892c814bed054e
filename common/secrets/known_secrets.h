#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/secrets/redactor.h"

namespace pyro {

/// The redactors of the secret files that this process has read. While it lives, they redact each
/// line of the process's log. Thread-safe.
class KnownSecrets {
 public:
  KnownSecrets();
  KnownSecrets(const KnownSecrets&) = delete;
  KnownSecrets& operator=(const KnownSecrets&) = delete;
  ~KnownSecrets();

  /// Of a file, which never changes. failed_precondition (secrets_lost): it cannot be read.
  std::shared_ptr<const Redactor> of(const std::filesystem::path& file);
  /// Of all of them.
  std::vector<std::shared_ptr<const Redactor>> all() const;
  void forget(const std::filesystem::path& file);

 private:
  mutable std::mutex mutex_;
  std::map<std::filesystem::path, std::shared_ptr<const Redactor>> known_;
};

/// Of the file that a request names; null: it names none.
std::shared_ptr<const Redactor> redactor_of(KnownSecrets& known,
                                            const std::optional<std::string>& file);

}  // namespace pyro
