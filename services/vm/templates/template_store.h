#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/api/prepare.h"
#include "common/directory_lease/directory_lease.h"
#include "common/stored_file/stored_file.h"
#include "common/work/work.h"
#include "common/work/work_lock.h"
#include "services/vm/drivers/driver.h"
#include "services/vm/drivers/template_shape.h"

namespace pyro::vm {

/// manifest.json of a template.
struct TemplateManifest {
  TemplateShape shape;
  std::vector<StoredFile> files;
  double created_at = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("shape", &TemplateManifest::shape, "The machines it serves.", api::kRequired);
    f("files", &TemplateManifest::files, "memory, state and system.ext4.", api::kRequired);
    f("created_at", &TemplateManifest::created_at, "Seconds since the epoch.");
  }
};

/// A whole template, protected from removal while this lives.
struct Template {
  std::filesystem::path directory;
  TemplateManifest manifest;
  DirectoryLease lease;

  static TemplateFiles files_in(const std::filesystem::path& directory);
  TemplateFiles files() const { return files_in(directory); }
};

/// Warm templates on disk, each complete or absent:
///
///     <directory>/<key>/{memory,state,system.ext4,manifest.json,in-use}
///     <directory>/locks/<key>           held while one is built
/// <directory>/.building-<key>/ that build; the lock's holder may remove it
///     <directory>/.deleting-…/
///
/// A use compares sizes, times and the header; `check` reads all. The time of `in-use` is the last
/// use. Thread-safe; several processes may share a store.
class TemplateStore {
 public:
  /// Makes the directories (0700). `limit_bytes`: the limit of all templates together on disk.
  TemplateStore(const std::filesystem::path& directory, std::uint64_t limit_bytes);

  /// Removes the leftovers of a kill. Call it at start.
  void collect_garbage();

  /// Finds the template of that shape. Discards a broken one, with a warning in the log and the
  /// reason in `why_not`.
  std::optional<Template> find(const TemplateShape& shape, std::string* why_not = nullptr);
  /// Why the template of that shape differs from its manifest, or nullopt; reads it in full.
  std::optional<std::string> check(const TemplateShape& shape, const std::stop_token& stop);
  /// Removes the template of that shape unless a machine is starting from it.
  void discard(const TemplateShape& shape);

  /// Reports how the restore of a machine went. Since a VMM may also be killed from outside, a
  /// failure discards a template whose content changed, which it finds in the background, and any
  /// template at the second failure in a row. Restores that `begun` before the last failure was
  /// known are of its moment, and count with it as one. If its replacement fails as well, the shape
  /// has no template until this process ends, or one is replaced on demand.
  void report_success(const TemplateShape& shape);
  void report_failure(const TemplateManifest& failed, Clock::time_point begun);

  enum class Existing { kKept, kReplaced };

  /// Of two concurrent builds the second waits, and finds the first one's template. Keeps an
  /// existing template unless it is to be replaced; then it serves until the new one is whole.
  /// `build` makes the files of Template::files_in(directory). Removes the oldest others when there
  /// is no room for all. failed_precondition: restores of its machines failed repeatedly.
  Template build(const TemplateShape& shape, const Work& work,
                 const std::function<void(const TemplateFiles&)>& build,
                 Existing existing = Existing::kKept);

  /// Deletes all templates from which no machine is starting.
  api::PrunedTemplates prune();

  const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path place_of(const std::string& key) const { return directory_ / key; }
  std::filesystem::path lock_of(const std::string& key) const { return directory_ / "locks" / key; }
  std::filesystem::path workshop_of(const std::string& key) const {
    return directory_ / (".building-" + key);
  }
  std::vector<std::string> keys() const;
  enum class InUse { kSpared, kTaken };
  /// The freed bytes; nullopt: it is in use and spared.
  std::optional<std::uint64_t> remove(const std::string& key, InUse in_use = InUse::kSpared);
  bool is_hopeless(const std::string& key);
  /// Whether that one is still the template of its shape.
  bool is_current(const TemplateManifest& manifest);
  void check_in_background(const TemplateManifest& manifest);
  void seal(const TemplateShape& shape, const std::filesystem::path& workshop, const Work& work);
  void make_room(const std::string& newest);

  std::filesystem::path directory_;
  std::uint64_t limit_bytes_;
  std::mutex mutex_;
  struct Failures {
    double created_at = 0;  ///< of the template that failed last
    int in_a_row = 0;
    int useless_templates = 0;
    Clock::time_point known;  ///< when the last failure was
  };
  std::map<std::string, Failures> failures_;
  bool checking_ = false;
  std::jthread check_;  ///< last: it uses the others
};

}  // namespace pyro::vm
