#include "services/files/ignored_paths.h"

#include <algorithm>
#include <set>
#include <vector>

#include "common/base/error.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/tree/path.h"
#include "services/files/fetched_files.h"
#include "services/files/git_ignore.h"
#include "services/files/shared_index.h"
#include "services/files/work_check.h"

namespace pyro::files {
namespace {

using tree::Entry;
using tree::EntryKind;

constexpr std::size_t kRuleFileLimit = 1U << 20U;
constexpr std::size_t kRuleFiles = 16384;
constexpr std::size_t kAllRulesLimit = 16U << 20U;
constexpr std::size_t kIndexLimit = 128U << 20U;

Error too_many_rules() {
  return failed_precondition(reason::kIgnoreRulesUnreadable,
                             "the ignore rules of the workspace are over {} files, {} each or {} "
                             "together: ask for the diff with include_ignored",
                             kRuleFiles, human_size(kRuleFileLimit), human_size(kAllRulesLimit));
}

bool is_inside_git_directory(const std::string& path) {
  const auto parts = split(path, '/');
  return std::find(parts.begin(), parts.end(), ".git") != parts.end();
}

/// Paths relative to the top of a repository.
struct Question {
  std::vector<std::string> paths{};
  std::vector<std::string> directories{};  ///< those that are empty directories
};

/// The changed paths that belong to each repository of the baseline, by its top.
class Repositories {
 public:
  explicit Repositories(const volume::VolumeReader& baseline) : baseline_(baseline) {}

  void add(const std::string& path, EntryKind kind) {
    if (is_inside_git_directory(path)) return;
    const auto top = top_of(std::string(tree::parent_of(path)));
    if (!top) return;
    Question& question = questions_[*top];
    question.paths.push_back(top->empty() ? path : path.substr(top->size() + 1));
    if (kind == EntryKind::kDirectory) question.directories.push_back(question.paths.back());
  }
  const std::map<std::string, Question>& questions() const { return questions_; }

 private:
  /// Of the repository around a directory.
  std::optional<std::string> top_of(const std::string& directory) {
    const auto known = tops_.find(directory);
    if (known != tops_.end()) return known->second;
    std::optional<std::string> top;
    if (baseline_.find(tree::join(directory, ".git")).kind != EntryKind::kAbsent) {
      top = directory;
    } else if (!directory.empty()) {
      top = top_of(std::string(tree::parent_of(directory)));
    }
    tops_[directory] = top;
    return top;
  }

  const volume::VolumeReader& baseline_;
  std::map<std::string, std::optional<std::string>> tops_;
  std::map<std::string, Question> questions_;
};

/// Answers for one repository.
class IgnoreRun {
 public:
  IgnoreRun(GuestTree& guest, const volume::VolumeReader& baseline, const ChangedPaths& changed,
            const std::string& top, GitIgnore& git, const Work& work)
      : guest_(guest), baseline_(baseline), changed_(changed), top_(top), git_(git), work_(work) {}

  /// The ignored paths, relative to the workspace.
  std::vector<std::string> run(const Question& question) {
    std::vector<std::string> ignored =
        git_.matched(rules_for(question.paths), question.paths, question.directories);
    if (!ignored.empty()) take_out_tracked(ignored);
    for (auto& path : ignored) path = whole(path);
    return ignored;
  }

 private:
  std::string whole(std::string_view path) const { return tree::join(top_, path); }

  IgnoreRules rules_for(const std::vector<std::string>& paths) {
    std::set<std::string> directories{""};
    for (const auto& path : paths) {
      std::string_view directory = tree::parent_of(path);
      while (directories.emplace(directory).second) directory = tree::parent_of(directory);
    }
    std::vector<std::string> changed{whole(".git/info/exclude")};
    for (const auto& directory : directories) {
      check(work_);
      const std::string file = whole(tree::join(directory, ".gitignore"));
      const auto present = changed_.present.find(file);
      if (present != changed_.present.end()) {
        // git follows no link to rules.
        if (present->second.kind == EntryKind::kFile) changed.push_back(file);
      } else if (!changed_.gone.contains(file) && baseline_.find(file).kind == EntryKind::kFile) {
        keep(directory, content_in_baseline(file, kRuleFileLimit, too_many_rules()));
      }
    }
    if (changed.size() > kRuleFiles) throw too_many_rules();
    fetch_files(guest_, changed, kRuleFileLimit, [&](FetchedFile file) {
      if (file.entry.kind != EntryKind::kFile) return;
      if (file.too_large) throw too_many_rules();
      if (file.entry.path == changed.front()) {
        rules_.exclude = std::move(file.content);
      } else {
        const std::string_view directory = tree::parent_of(file.entry.path);
        keep(std::string(
                 directory.substr(std::min(directory.size(), top_.empty() ? 0 : top_.size() + 1))),
             std::move(file.content));
      }
    });
    return std::move(rules_);
  }

  void keep(const std::string& directory, std::string content) {
    rule_bytes_ += content.size();
    if (rules_.files.size() == kRuleFiles || rule_bytes_ > kAllRulesLimit) throw too_many_rules();
    rules_.files[directory] = std::move(content);
  }

  std::string content_in_baseline(const std::string& file, std::size_t limit,
                                  const Error& too_large) const {
    if (baseline_.find(file).size > limit) throw Error(too_large);
    std::string content;
    baseline_.read(file, [&](std::string_view piece) {
      check(work_);
      content += piece;
    });
    return content;
  }

  void take_out_tracked(std::vector<std::string>& ignored) {
    const auto take_out = [&](const GitIndex& index) {
      const auto tracked = git_.tracked(index);
      std::erase_if(ignored, [&](const auto& path) { return tracked.contains(path); });
    };
    if (const auto index = index_of_baseline()) {
      take_out(*index);
    } else {
      // Git's own list is elsewhere, as that of a linked work tree: all that was there counts.
      std::erase_if(ignored, [this](const auto& path) {
        return baseline_.find(whole(path)).kind != EntryKind::kAbsent;
      });
    }
    if (ignored.empty()) return;
    if (const auto index = index_of_guest()) take_out(*index);
  }

  static Error too_large_index() {
    return failed_precondition(reason::kIgnoreRulesUnreadable,
                               "the index of the workspace's repository is over {}: ask for the "
                               "diff with include_ignored",
                               human_size(kIndexLimit));
  }

  std::optional<GitIndex> index_of_baseline() const {
    const std::string file = whole(".git/index");
    if (baseline_.find(file).kind != EntryKind::kFile) return std::nullopt;
    GitIndex index{.content = content_in_baseline(file, kIndexLimit, too_large_index())};
    for (const auto& name : shared_index_names(index.content, index_id_bytes(index.content))) {
      const std::string shared = whole(".git/" + name);
      if (baseline_.find(shared).kind != EntryKind::kFile) continue;
      index.shared[name] = content_in_baseline(shared, kIndexLimit, too_large_index());
    }
    return index;
  }

  std::optional<GitIndex> index_of_guest() {
    std::optional<GitIndex> index;
    fetch_files(guest_, {whole(".git/index")}, kIndexLimit, [&](FetchedFile file) {
      if (file.too_large) throw too_large_index();
      if (file.entry.kind == EntryKind::kFile) index.emplace().content = std::move(file.content);
    });
    if (!index) return std::nullopt;
    std::vector<std::string> shared;
    for (const auto& name : shared_index_names(index->content, index_id_bytes(index->content))) {
      shared.push_back(whole(".git/" + name));
    }
    std::size_t bytes = 0;
    fetch_files(guest_, shared, kIndexLimit, [&](FetchedFile file) {
      bytes += file.content.size();
      if (file.too_large || bytes > kIndexLimit) throw too_large_index();
      if (file.entry.kind != EntryKind::kFile) return;
      index->shared[std::string(tree::name_of(file.entry.path))] = std::move(file.content);
    });
    return index;
  }

  GuestTree& guest_;
  const volume::VolumeReader& baseline_;
  const ChangedPaths& changed_;
  const std::string& top_;
  GitIgnore& git_;
  const Work& work_;
  IgnoreRules rules_;
  std::size_t rule_bytes_ = 0;
};

/// Whether the entry can have changed, as far as its attributes tell.
bool seems_changed(const Entry& was, const Entry& now) {
  return was.kind != now.kind || was.mode != now.mode || was.size != now.size ||
         was.mtime_ns != now.mtime_ns || was.link_target != now.link_target;
}

}  // namespace

std::uint32_t leave_out_ignored(GuestTree& guest, const volume::VolumeReader& baseline,
                                ChangedPaths& changed, const std::optional<std::string>& kept,
                                const std::filesystem::path& scratch, const Work& work) {
  Repositories repositories(baseline);
  for (const auto* entries : {&changed.present, &changed.empty_directories, &changed.gone}) {
    for (const auto& [path, entry] : *entries) {
      check(work);
      if (path != kept) repositories.add(path, entry.kind);
    }
  }
  if (repositories.questions().empty()) return 0;
  GitIgnore git(scratch, work);
  std::vector<std::string> ignored;
  for (const auto& [top, question] : repositories.questions()) {
    check(work);
    const auto found = IgnoreRun(guest, baseline, changed, top, git, work).run(question);
    ignored.insert(ignored.end(), found.begin(), found.end());
  }
  std::uint32_t count = 0;
  for (const auto& path : ignored) {
    const auto present = changed.present.extract(path);
    const bool was_there = changed.gone.erase(path) + changed.empty_directories.erase(path) > 0;
    if (present ? seems_changed(baseline.find(path), present.mapped()) : was_there) ++count;
  }
  return count;
}

}  // namespace pyro::files
