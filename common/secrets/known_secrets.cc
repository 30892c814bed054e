#include "common/secrets/known_secrets.h"

#include "common/log/log.h"
#include "common/secrets/secret_file.h"

namespace pyro {

KnownSecrets::KnownSecrets() {
  log::redact_by([this](std::string line) {
    for (const auto& redactor : all()) line = redactor->redact(line);
    return line;
  });
}

KnownSecrets::~KnownSecrets() { log::redact_by({}); }

std::shared_ptr<const Redactor> KnownSecrets::of(const std::filesystem::path& file) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = known_.find(file); known != known_.end()) return known->second;
  }
  auto redactor = std::make_shared<const Redactor>(values_of(read_secret_file(file).secrets));
  const std::lock_guard lock(mutex_);
  // Of workspaces that are gone no more is printed.
  std::erase_if(known_, [](const auto& known) { return !std::filesystem::exists(known.first); });
  return known_.emplace(file, std::move(redactor)).first->second;
}

std::vector<std::shared_ptr<const Redactor>> KnownSecrets::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const Redactor>> all;
  for (const auto& [file, redactor] : known_) all.push_back(redactor);
  return all;
}

void KnownSecrets::forget(const std::filesystem::path& file) {
  const std::lock_guard lock(mutex_);
  known_.erase(file);
}

std::shared_ptr<const Redactor> redactor_of(KnownSecrets& known,
                                            const std::optional<std::string>& file) {
  return file ? known.of(*file) : nullptr;
}

}  // namespace pyro
