#include "common/source/fetch.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <map>
#include <vector>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/environment.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/config/volume.h"
#include "common/digest/sha256.h"
#include "common/fault/fault.h"
#include "common/git/git.h"
#include "common/source/ref_name.h"
#include "common/source/remote_url.h"
#include "common/tree/write.h"
#include "common/work/work_lock.h"

namespace pyro::source {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTree = "tree";
constexpr std::string_view kTemporary = "git.";
constexpr std::string_view kLeaving = "leaving.";

/// The remote's answer about a ref.
struct Advertised {
  std::string commit;  ///< of a tag: what it stands for
  std::string ref;     ///< its whole name; empty: the commit was asked for by its id
};

/// One URL and ref, and git that talks to it.
class Remote {
 public:
  Remote(const std::string& url, std::optional<std::string> ref, const fs::path& scratch,
         const Work& work)
      : url_(parse_remote_url(url)), ref_(std::move(ref)), git_(scratch, work), work_(work) {}

  /// The commit that the ref names now.
  Advertised ask() const;
  /// A work tree in `directory()`/tree; the commit that it is at.
  std::string clone(const Advertised& wanted) const;
  fs::path directory() const { return git_.directory(); }

 private:
  CommandResult talk(std::vector<std::string> words) const;
  void local(std::vector<std::string> words) const;
  bool fetch(std::vector<std::string> refspecs, bool shallow) const;
  void fetch_commit(const std::string& id) const;
  std::optional<std::string> list(const std::string& commit, const std::string& format,
                                  std::size_t limit_bytes) const;
  void check_size(const std::string& commit) const;
  Error no_such_ref() const;
  Error unreadable(const CommandResult& result) const;

  RemoteUrl url_;
  std::optional<std::string> ref_;
  Git git_;
  const Work& work_;
};

/// The caller's variables for the network of this host, and for an agent with ssh's keys.
constexpr const char* kOfTheCaller[] = {"SSH_AUTH_SOCK", "https_proxy",   "HTTPS_PROXY",
                                        "all_proxy",     "ALL_PROXY",     "no_proxy",
                                        "NO_PROXY",      "SSL_CERT_FILE", "SSL_CERT_DIR"};

CommandResult Remote::talk(std::vector<std::string> words) const {
  // A remote that gives nothing for long is given up, or it would hold the lock.
  std::vector<std::string> arguments = {"-c", "http.lowSpeedLimit=1", "-c",
                                        "http.lowSpeedTime=120"};
  for (const std::string& setting : url_.settings) {
    arguments.insert(arguments.end(), {"-c", setting});
  }
  arguments.insert(arguments.end(), {"--git-dir", std::string(kTree) + "/.git"});
  arguments.insert(arguments.end(), words.begin(), words.end());
  std::map<std::string, std::string> variables = url_.variables;
  variables["GIT_ALLOW_PROTOCOL"] = "https:ssh:file";
  variables["GIT_TERMINAL_PROMPT"] = "0";
  variables["GIT_SSH_COMMAND"] =
      "ssh -o BatchMode=yes -o ConnectTimeout=60 -o ServerAliveInterval=30";
  for (const char* name : kOfTheCaller) {
    if (const char* value = std::getenv(name)) variables[name] = value;
  }
  return git_.run({.arguments = std::move(arguments),
                   .variables = std::move(variables),
                   .on_error_line = [this](std::string_view line) {
                     work_.report("fetch_source", printable(line));
                   }});
}

/// The clone is no guest's: names that another file system reads as `.git` are refused here.
void Remote::local(std::vector<std::string> words) const {
  std::vector<std::string> arguments = {"-c",          "core.bare=false",
                                        "-c",          "core.protectNTFS=true",
                                        "-c",          "core.protectHFS=true",
                                        "-c",          "advice.detachedHead=false",
                                        "--git-dir",   std::string(kTree) + "/.git",
                                        "--work-tree", kTree};
  arguments.insert(arguments.end(), words.begin(), words.end());
  git_.run_checked({.arguments = std::move(arguments), .time = std::chrono::hours(1)});
}

Error Remote::no_such_ref() const {
  if (!ref_) {
    return not_found(reason::kRefMissing, "'{}' has no commits that its HEAD names",
                     printable(url_.plain));
  }
  return not_found(
      reason::kRefMissing,
      "'{}' has no branch or tag '{}', nor a commit of that id: name one that it has, a commit by "
      "its whole id",
      printable(url_.plain), printable(*ref_));
}

/// The error for a failed talk with it.
Error Remote::unreadable(const CommandResult& result) const {
  with_context(fmt::format("fetch '{}'", printable(url_.plain)),
               [&result] { check_resources("git", result); });
  return unavailable(
      reason::kDownloadFailed,
      "'{}' cannot be fetched: {}. Check the URL, the network and the credentials (no question can "
      "be asked: give ssh a key in its agent, https a token in the URL); a --repo-ref that is a "
      "commit's whole id needs the remote only once",
      printable(url_.plain), git_says(result));
}

Advertised Remote::ask() const {
  if (ref_ && is_object_id(*ref_)) return {.commit = *ref_, .ref = ""};
  const std::vector<std::string> candidates =
      ref_ ? std::vector<std::string>{"refs/heads/" + *ref_, "refs/tags/" + *ref_, *ref_}
           : std::vector<std::string>{"HEAD"};
  std::vector<std::string> words = {"ls-remote", "--symref", "--", url_.plain};
  for (const auto& candidate : candidates) {
    words.push_back(candidate);
    words.push_back(candidate + "^{}");
  }
  const CommandResult result = talk(std::move(words));
  if (!result.status.ok()) throw unreadable(result);
  std::map<std::string, std::string> ids;
  std::string head;
  constexpr std::string_view kSymbolic = "ref: ";
  for (const std::string& line : split(result.output, '\n')) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos) continue;
    const std::string name = line.substr(tab + 1);
    const std::string value = line.substr(0, tab);
    if (is_object_id(value)) ids.emplace(name, value);
    if (value.starts_with(kSymbolic) && name == "HEAD") head = value.substr(kSymbolic.size());
  }
  for (const auto& candidate : candidates) {
    const auto found = ids.find(candidate);
    if (found == ids.end()) continue;
    const auto peeled = ids.find(candidate + "^{}");
    const bool is_head = candidate == "HEAD";
    return {.commit = peeled == ids.end() ? found->second : peeled->second,
            .ref = is_head && is_ref_name(head) ? head : candidate};
  }
  throw no_such_ref();
}

bool Remote::fetch(std::vector<std::string> refspecs, bool shallow) const {
  std::vector<std::string> words = {"fetch",
                                    "--progress",
                                    "--no-tags",
                                    "--no-write-fetch-head",
                                    "--no-recurse-submodules",
                                    "--no-auto-maintenance"};
  if (shallow) words.insert(words.end(), {"--depth", "1"});
  words.insert(words.end(), {"--", url_.plain});
  words.insert(words.end(), refspecs.begin(), refspecs.end());
  const CommandResult result = talk(std::move(words));
  if (result.status.ok()) return true;
  // A server may give no commit by its id.
  if (shallow && refspecs.front().find(':') == std::string::npos) return false;
  throw unreadable(result);
}

void Remote::fetch_commit(const std::string& id) const {
  if (!fetch({id}, true)) {
    fetch({"+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"}, false);
  }
}

/// A line of `format` for each file of the commit, nothing when they take more than `limit_bytes`.
std::optional<std::string> Remote::list(const std::string& commit, const std::string& format,
                                        std::size_t limit_bytes) const {
  const auto [result, listing] =
      git_.list({.arguments = {"--git-dir", std::string(kTree) + "/.git", "ls-tree", "-r",
                               "--format=" + format, commit},
                 .time = std::chrono::minutes(10)},
                limit_bytes);
  if (result.status.wrote_too_much()) return std::nullopt;
  check_resources("git", result);
  if (!result.status.ok()) {
    throw failed_precondition(reason::kRepositoryUnreadable,
                              "'{}' has a tree that git cannot read: {}", printable(url_.plain),
                              git_says(result));
  }
  return read_to_end(listing.get(), limit_bytes);
}

/// A few small objects can be a tree without end, and of files without end.
void Remote::check_size(const std::string& commit) const {
  constexpr std::size_t kMostFiles = 2'000'000;
  constexpr std::size_t kLongestSize = 21;
  const std::string shown = printable(url_.plain);
  if (!list(commit, "x", 2 * kMostFiles)) {
    throw failed_precondition(reason::kTooLarge,
                              "'{}' has more files than a workspace takes ({}) at {}", shown,
                              kMostFiles, commit);
  }
  std::uint64_t bytes = 0;
  const auto sizes = list(commit, "%(objectsize)", kLongestSize * kMostFiles);
  for (const std::string& line : split(sizes.value_or(""), '\n')) {
    std::uint64_t size = 0;  // a submodule has none
    std::from_chars(line.data(), line.data() + line.size(), size);
    bytes += std::min(size, kWorkspaceDiskBytes);
    if (bytes < kWorkspaceDiskBytes) continue;
    throw failed_precondition(
        reason::kTooLarge, "'{}' has more than {} of files at {}, for which no workspace has room",
        shown, human_size(kWorkspaceDiskBytes), commit);
  }
}

std::string Remote::clone(const Advertised& wanted) const {
  git_.run_checked(
      {.arguments = {"-c", "core.bare=false", "init", "--quiet", "--template=",
                     wanted.commit.size() == 64 ? "--object-format=sha256" : "--object-format=sha1",
                     kTree}});
  work_.report("fetch_source", fmt::format("fetching '{}'", printable(url_.plain)));
  const bool is_branch = wanted.ref.starts_with("refs/heads/");
  if (wanted.ref.empty()) {
    fetch_commit(wanted.commit);
  } else {
    fetch({"+" + wanted.ref + ":" + (is_branch ? wanted.ref : "refs/pyro/wanted")}, true);
  }
  fault::point("source.fetched");
  const std::string from = wanted.ref.empty() ? wanted.commit
                           : is_branch        ? wanted.ref
                                              : "refs/pyro/wanted";
  // It may have moved since it was asked for.
  const CommandResult found =
      git_.run({.arguments = {"--git-dir", std::string(kTree) + "/.git", "rev-parse", "--verify",
                              "--quiet", from + "^{commit}"}});
  const std::string commit(trim(found.output));
  if (!found.status.ok() || !is_object_id(commit)) throw no_such_ref();
  check_size(commit);
  local(is_branch ? std::vector<std::string>{"symbolic-ref", "HEAD", wanted.ref}
                  : std::vector<std::string>{"update-ref", "--no-deref", "HEAD", commit});
  work_.report("fetch_source", "writing the work tree");
  local({"reset", "--hard", "--quiet"});
  return commit;
}

fs::path lock_of(const fs::path& clones) { return clones.string() + ".lock"; }

/// Every clone of one URL and ref, by the commit.
class Clones {
 public:
  /// To be made under the lock: without it the directory may be forgotten before it is used.
  explicit Clones(fs::path directory) : directory_(std::move(directory)) {
    make_private_directory(directory_);
    std::error_code untouched;  // it may be forgotten a little early
    fs::last_write_time(directory_, fs::file_time_type::clock::now(), untouched);
  }

  std::optional<FetchedRepository> find(const std::string& commit) const {
    const fs::path place = directory_ / commit;
    std::error_code failed;
    if (!fs::exists(place / DirectoryLease::kFileName, failed)) return std::nullopt;
    return FetchedRepository{
        .path = place / kTree, .commit = commit, .lease = DirectoryLease::take(place)};
  }

  /// On disk and complete under its name afterwards.
  void add(const fs::path& made, const std::string& commit) const {
    DirectoryLease::prepare(made);
    // All of it, before a name says that it is there.
    const UniqueFd opened = open_file(made, O_RDONLY | O_DIRECTORY);
    if (::syncfs(opened.get()) != 0) throw system_error("syncfs");
    fault::point("source.synced");
    fs::rename(made, directory_ / commit);
    fault::point("source.in_place");
    sync_path(directory_);
  }

  /// Removes the remains of killed fetches and removals, and unused clones of other commits.
  void tidy(const std::string& commit) const { remove_unused(directory_, commit); }

  /// Under its lock: all but `kept` and what is in use.
  static void remove_unused(const fs::path& directory, const std::string& kept) {
    const UniqueFd opened = open_file(directory, O_PATH | O_DIRECTORY);
    for (const auto& entry : fs::directory_iterator(directory)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(kTemporary) || name.starts_with(kLeaving)) {
        tree::remove_tree(opened.get(), name);
      } else if (is_object_id(name) && name != kept) {
        const auto lease = DirectoryLease::take_for_deletion(entry.path());
        if (!lease) continue;
        const std::string leaving = std::string(kLeaving) + name;
        fs::rename(entry.path(), directory / leaving);
        tree::remove_tree(opened.get(), leaving);
      }
    }
  }

  const fs::path& directory() const { return directory_; }

 private:
  fs::path directory_;
};

/// URLs and refs whose clones are kept; of more the least recently used go.
constexpr std::size_t kKeptSources = 8;

/// A source under a fetch is locked and remains; so does a clone in use. Locks remain.
void forget_old_sources(const fs::path& directory) {
  for (const fs::path& source : directories_beyond_the_latest(directory, kKeptSources)) {
    const auto lock = WorkLock::attempt(lock_of(source));
    std::error_code in_use;
    if (!lock || !fs::is_directory(source, in_use)) continue;
    Clones::remove_unused(source, "");
    fs::remove(source, in_use);  // which it is unless it is empty now
  }
}

}  // namespace

fs::path clones_of(const fs::path& clone) { return clone.parent_path().parent_path(); }

DirectoryLease lease_clone(const fs::path& clone) {
  return DirectoryLease::take(clone.parent_path());
}

FetchedRepository fetch_repository(const fs::path& cache_dir, const std::string& url,
                                   const std::optional<std::string>& ref, const Work& work) {
  if (ref) check_ref(*ref);
  const std::string plain = parse_remote_url(url).plain;
  const std::string key = sha256_of_text(plain + '\0' + ref.value_or(""));
  const fs::path sources = cache_dir / "sources";
  make_private_directory(sources);
  make_private_directory(sources / "clones");
  const fs::path directory = sources / "clones" / key;
  const WorkLock lock =
      WorkLock::acquire(lock_of(directory), "another fetch of the same repository", work);
  const Clones clones(directory);
  forget_old_sources(sources / "clones");
  if (ref && is_object_id(*ref)) {
    if (auto found = clones.find(*ref)) return std::move(*found);
  }
  std::string commit;
  {
    const Remote remote(url, ref, clones.directory(), work);
    const Advertised wanted = remote.ask();
    commit = wanted.commit;
    if (!clones.find(commit)) {
      commit = remote.clone(wanted);
      if (!clones.find(commit)) clones.add(remote.directory(), commit);
    }
  }
  auto found = clones.find(commit);
  if (!found) throw internal_error("the clone of '{}' vanished: try again", printable(plain));
  clones.tidy(commit);
  work.report("fetch_source", fmt::format("'{}' is at commit {}", printable(plain), commit));
  return std::move(*found);
}

}  // namespace pyro::source
