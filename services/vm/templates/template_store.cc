#include "services/vm/templates/template_store.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "common/api/message_table.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/stack.h"
#include "common/log/log.h"

namespace pyro::vm {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifestName = "manifest.json";
constexpr const char* kMemory = "memory";
constexpr const char* kState = "state";
constexpr const char* kSystemDisk = "system.ext4";
constexpr const char* kHopeless =
    "machines could not be restored from its warm template, nor from the next one: see `pyro stack "
    "logs --service vm`, and try again with `pyro prepare --force`";
constexpr std::string_view kBuildingPrefix = ".building-";
constexpr std::string_view kDeletingPrefix = ".deleting-";
constexpr int kFailuresToDiscard = 2;
constexpr int kMostUselessTemplates = 2;
/// How QEMU's device state begins (QEMU_VM_FILE_MAGIC, version 3; migration/savevm.c).
constexpr std::string_view kStateHeader{"QEVM\0\0\0\3", 8};

/// When the template was used last: what `touch_use` writes.
timespec last_use(const fs::path& directory) {
  struct stat info {};
  ::stat((directory / DirectoryLease::kFileName).c_str(), &info);
  return info.st_mtim;
}

void touch_use(const DirectoryLease& lease) { ::futimens(lease.fd(), nullptr); }

bool header_is_right(const fs::path& state) {
  try {
    return read_file(state).starts_with(kStateHeader);
  } catch (const Error&) {
    return false;
  }
}

/// Why what is in `directory` is no template of that shape that can be used, or nullopt.
std::optional<std::string> find_flaw(const fs::path& directory,
                                     const std::optional<TemplateManifest>& manifest,
                                     const TemplateShape& shape) {
  if (!manifest) return "its manifest is missing or unreadable";
  if (manifest->shape != shape)
    return "it is another shape's: " + shape.difference_to(manifest->shape);
  std::set<std::string_view> names;
  for (const StoredFile& file : manifest->files) names.insert(file.path);
  if (names != std::set<std::string_view>{kMemory, kState, kSystemDisk}) {
    return "its manifest lists other files";
  }
  if (!marks_unchanged(directory, manifest->files)) {
    return "a file was changed, replaced or is missing";
  }
  if (!header_is_right(directory / kState)) return "its device state is none";
  return std::nullopt;
}

}  // namespace

TemplateFiles Template::files_in(const fs::path& directory) {
  return {.memory = directory / kMemory,
          .state = directory / kState,
          .system_disk = directory / kSystemDisk};
}

TemplateStore::TemplateStore(const fs::path& directory, std::uint64_t limit_bytes)
    : directory_(fs::absolute(directory)), limit_bytes_(limit_bytes) {
  make_private_directory(directory_);
  make_private_directory(directory_ / "locks");
}

std::vector<std::string> TemplateStore::keys() const {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(directory_)) {
    if (is_sha256(entry.path().filename().string())) found.push_back(entry.path().filename());
  }
  return found;
}

void TemplateStore::collect_garbage() {
  for (const auto& entry : fs::directory_iterator(directory_)) {
    const std::string name = entry.path().filename();
    std::error_code ignored;
    if (name.starts_with(kDeletingPrefix)) fs::remove_all(entry.path(), ignored);
    if (!name.starts_with(kBuildingPrefix) || !is_sha256(name.substr(kBuildingPrefix.size()))) {
      continue;
    }
    // Its builder holds the lock.
    if (const auto lock = WorkLock::attempt(lock_of(name.substr(kBuildingPrefix.size())))) {
      fs::remove_all(entry.path(), ignored);
    }
  }
}

std::optional<Template> TemplateStore::find(const TemplateShape& shape, std::string* why_not) {
  const std::string key = shape.key();
  const fs::path directory = place_of(key);
  if (is_hopeless(key)) {
    if (why_not != nullptr) *why_not = kHopeless;
    return std::nullopt;
  }
  std::error_code none;
  if (!fs::exists(directory, none)) return std::nullopt;
  std::string flaw;
  try {
    Template found{
        .directory = directory, .manifest = {}, .lease = DirectoryLease::take(directory)};
    auto manifest = read_record<TemplateManifest>(directory / kManifestName);
    if (const auto wrong = find_flaw(directory, manifest, shape)) {
      flaw = *wrong;
    } else {
      found.manifest = std::move(*manifest);
      touch_use(found.lease);
      return found;
    }
  } catch (const Error& error) {
    flaw = error.message();
  }
  log::warn("template {} is discarded: {}", key.substr(0, 12), flaw);
  if (why_not != nullptr) *why_not = fmt::format("its warm template was damaged: {}", flaw);
  discard(shape);
  return std::nullopt;
}

std::optional<std::string> TemplateStore::check(const TemplateShape& shape,
                                                const std::stop_token& stop) {
  std::string why_not = "its warm template was deleted";
  const auto found = find(shape, &why_not);
  if (!found) return why_not;
  std::optional<std::string> changed;
  try {
    changed =
        find_changed_file(found->directory, found->manifest.files, sha256_of_sparse_file, stop);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    return fmt::format("the warm template cannot be read: {}", error.message());
  }
  if (!changed) return std::nullopt;
  return fmt::format("the warm template's {} has changed since it was saved", *changed);
}

void TemplateStore::discard(const TemplateShape& shape) {
  const std::string key = shape.key();
  if (!remove(key) && fs::exists(place_of(key))) {
    log::info("template {} is in use: a later cleanup removes it", key.substr(0, 12));
  }
}

void TemplateStore::report_success(const TemplateShape& shape) {
  const std::lock_guard lock(mutex_);
  failures_.erase(shape.key());
}

void TemplateStore::report_failure(const TemplateManifest& failed, Clock::time_point begun) {
  const std::string key = failed.shape.key();
  bool useless = false;
  bool hopeless = false;
  {
    const std::lock_guard lock(mutex_);
    Failures& failures = failures_[key];
    if (failures.created_at != failed.created_at) {
      failures.created_at = failed.created_at;
      failures.in_a_row = 0;
    } else if (failures.in_a_row > 0 && begun <= failures.known) {
      return;
    }
    failures.known = Clock::now();
    useless = ++failures.in_a_row == kFailuresToDiscard;
    if (useless) hopeless = ++failures.useless_templates == kMostUselessTemplates;
  }
  if (!useless) return check_in_background(failed);
  log::warn("template {} is discarded: no machine could be restored from it", key.substr(0, 12));
  // Also from under its check, and from machines that start from it: they boot cold.
  remove(key, InUse::kTaken);
  if (hopeless) {
    log::error("template {} was rebuilt and failed again: machines of its shape boot cold",
               key.substr(0, 12));
  }
}

bool TemplateStore::is_current(const TemplateManifest& manifest) {
  const auto found = find(manifest.shape);
  return found && found->manifest.created_at == manifest.created_at;
}

/// One at a time: another template's second failure discards it anyway.
void TemplateStore::check_in_background(const TemplateManifest& manifest) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(checking_, true)) return;
  check_ = std::jthread([this, manifest](const std::stop_token& stop) {
    const TemplateShape& shape = manifest.shape;
    try {
      const auto flaw = is_current(manifest) ? check(shape, stop) : std::nullopt;
      // It may have been replaced while it was read.
      if (flaw && is_current(manifest)) {
        log::warn("template {} is discarded: {}", shape.key().substr(0, 12), *flaw);
        discard(shape);
      }
    } catch (const std::exception& error) {
      log::info("the check of a template ended: {}", error.what());
    }
    const std::lock_guard done(mutex_);
    checking_ = false;
  });
}

bool TemplateStore::is_hopeless(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = failures_.find(key);
  return found != failures_.end() && found->second.useless_templates >= kMostUselessTemplates;
}

std::optional<std::uint64_t> TemplateStore::remove(const std::string& key, InUse in_use) {
  const fs::path place = place_of(key);
  const auto lease = DirectoryLease::take_for_deletion(place);
  // Without the file there is nothing to take: it is no whole template, and no machine starts from
  // it.
  std::error_code none;
  const auto lock_file = fs::symlink_status(place / DirectoryLease::kFileName, none);
  if (!lease && in_use == InUse::kSpared && fs::is_regular_file(lock_file)) return std::nullopt;
  const fs::path aside =
      directory_ / fmt::format("{}{}.{}", kDeletingPrefix, key.substr(0, 12), random_hex(4));
  // Out of sight first: a kill in the middle of the removal leaves no half template.
  if (::rename(place.c_str(), aside.c_str()) != 0) return std::nullopt;
  const std::uint64_t bytes = disk_usage(aside);
  std::error_code failed;
  fs::remove_all(aside, failed);
  if (failed) log::error("'{}': cleanup incomplete: {}", aside.string(), failed.message());
  return bytes;
}

Template TemplateStore::build(const TemplateShape& shape, const Work& work,
                              const std::function<void(const TemplateFiles&)>& build,
                              Existing existing) {
  const std::string key = shape.key();
  if (existing == Existing::kReplaced) {
    const std::lock_guard lock(mutex_);
    failures_.erase(key);
  }
  if (is_hopeless(key)) throw failed_precondition(reason::kTemplateFailed, "{}", kHopeless);
  const WorkLock lock = WorkLock::acquire(lock_of(key), "another build of this template", work);
  auto found = find(shape);
  if (found && existing == Existing::kKept) return std::move(*found);
  // A machine that still starts from a damaged one boots cold instead.
  if (!found) remove(key, InUse::kTaken);
  found.reset();
  const fs::path workshop = workshop_of(key);
  fs::remove_all(workshop);
  make_private_directory(workshop);
  Cleanup remove_workshop([&workshop] {
    std::error_code ignored;
    fs::remove_all(workshop, ignored);
  });
  build(Template::files_in(workshop));
  seal(shape, workshop, work);
  if (fs::exists(place_of(key)) && !remove(key)) {
    throw unavailable(reason::kBusy,
                      "a machine just starts from the template that is to be replaced: try again");
  }
  if (::rename(workshop.c_str(), place_of(key).c_str()) != 0) {
    throw system_error(fmt::format("rename '{}'", workshop.string()));
  }
  remove_workshop.dismiss();
  sync_path(directory_);
  found = find(shape);
  if (!found) throw unavailable(reason::kBusy, "the new template was deleted at once: try again");
  make_room(key);
  return std::move(*found);
}

void TemplateStore::seal(const TemplateShape& shape, const fs::path& workshop, const Work& work) {
  constexpr unsigned kOwnersAlone = 0600;  // QEMU before 8.2 maps only what it could write to
  TemplateManifest manifest{.shape = shape, .files = {}, .created_at = now_epoch_seconds()};
  const std::vector<std::string> names = {kState, kSystemDisk, kMemory};
  for (std::size_t i = 0; i < names.size(); ++i) {
    work.report("keep", "writing the template to disk", i, names.size());
    manifest.files.push_back(
        record_file(workshop, names[i], work.stop, kOwnersAlone, sha256_of_sparse_file));
  }
  DirectoryLease::prepare(workshop);
  write_record(workshop / kManifestName, manifest);
  sync_path(workshop);
}

void TemplateStore::make_room(const std::string& newest) {
  std::vector<std::pair<timespec, std::string>> others;
  std::uint64_t bytes = disk_usage(place_of(newest));
  for (const auto& key : keys()) {
    if (key == newest) continue;
    others.emplace_back(last_use(place_of(key)), key);
    bytes += disk_usage(place_of(key));
  }
  std::sort(others.begin(), others.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.tv_sec, a.first.tv_nsec) < std::pair(b.first.tv_sec, b.first.tv_nsec);
  });
  for (const auto& [time, key] : others) {
    if (bytes <= limit_bytes_) return;
    if (const auto freed = remove(key)) {
      bytes -= std::min(bytes, *freed);
      log::info("template {} was the least recently used and made room", key.substr(0, 12));
    }
  }
}

api::PrunedTemplates TemplateStore::prune() {
  api::PrunedTemplates pruned;
  for (const auto& key : keys()) {
    if (const auto freed = remove(key)) {
      pruned.deleted_template_dirs.push_back(place_of(key));
      pruned.freed_bytes += *freed;
    }
  }
  return pruned;
}

}  // namespace pyro::vm

PYRO_TABLE(pyro::vm::TemplateManifest)
