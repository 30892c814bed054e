#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/git/git.h"
#include "common/work/work.h"

namespace pyro::files {

/// The ignore rules of one repository, as data. Paths are clean and relative to its top.
struct IgnoreRules {
  std::map<std::string, std::string> files{};  ///< content of each `.gitignore`, by its directory
  std::string exclude{};                       ///< content of `.git/info/exclude`
};

/// An index of git, as data.
struct GitIndex {
  std::string content{};
  /// The content of shared indexes that it may continue, by name (shared_index.h).
  std::map<std::string, std::string> shared{};
};

/// The size of ids in an index: 20 or 32 bytes.
std::size_t index_id_bytes(std::string_view index);

/// Asks git on the host about rules and indexes of a guest, in an own directory with its own empty
/// repository: no configuration, attributes, hooks or filters of the guest are there to obey. Time,
/// memory and output are limited.
class GitIgnore {
 public:
  GitIgnore(const std::filesystem::path& scratch, const Work& work) : git_(scratch, work) {}

  /// Those of the paths that the rules match, or a directory above them. `directories` are empty
  /// ones among the paths.
  std::vector<std::string> matched(const IgnoreRules& rules, const std::vector<std::string>& paths,
                                   const std::vector<std::string>& directories);

  /// The paths that the index tracks.
  std::set<std::string, std::less<>> tracked(const GitIndex& index);

 private:
  std::string list(Git::Run run) const;
  void write_rules(const IgnoreRules& rules, const std::filesystem::path& repository,
                   const std::string& tree, const std::vector<std::string>& directories) const;

  Git git_;
  int count_ = 0;  ///< of questions: each has files of its own
};

}  // namespace pyro::files
