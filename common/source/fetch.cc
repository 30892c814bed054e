#include "common/source/fetch.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <vector>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
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

/// What the remote says of a ref.
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

  /// What the ref names now.
  Advertised ask() const;
  /// A work tree in `directory()`/tree; the commit that it is at.
  std::string clone(const Advertised& wanted) const;
  fs::path directory() const { return git_.directory(); }

 private:
  CommandResult talk(std::vector<std::string> words) const;
  void local(std::vector<std::string> words) const;
  bool fetch(std::vector<std::string> refspecs, bool shallow) const;
  void fetch_commit(const std::string& id) const;
  Error no_such_ref() const;
  Error unreadable(std::string_view said) const;

  RemoteUrl url_;
  std::optional<std::string> ref_;
  Git git_;
  const Work& work_;
};

/// What the network on this host needs, and an agent with ssh's keys, as the caller has them.
constexpr const char* kOfTheCaller[] = {"SSH_AUTH_SOCK", "https_proxy",   "HTTPS_PROXY",
                                        "all_proxy",     "ALL_PROXY",     "no_proxy",
                                        "NO_PROXY",      "SSL_CERT_FILE", "SSL_CERT_DIR"};

CommandResult Remote::talk(std::vector<std::string> words) const {
  std::vector<std::string> arguments;
  for (const std::string& setting : url_.settings) {
    arguments.insert(arguments.end(), {"-c", setting});
  }
  arguments.insert(arguments.end(), {"--git-dir", std::string(kTree) + "/.git"});
  arguments.insert(arguments.end(), words.begin(), words.end());
  std::map<std::string, std::string> variables = url_.variables;
  variables["GIT_ALLOW_PROTOCOL"] = "https:ssh:file";
  variables["GIT_TERMINAL_PROMPT"] = "0";
  variables["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes";
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
  git_.run_checked({.arguments = std::move(arguments)});
}

Error Remote::no_such_ref() const {
  if (!ref_) return not_found("'{}' has no commits that its HEAD names", printable(url_.plain));
  return not_found(
      "'{}' has no branch or tag '{}', nor a commit of that id: name one that it has, a commit by "
      "its whole id",
      printable(url_.plain), printable(*ref_));
}

Error Remote::unreadable(std::string_view said) const {
  constexpr std::size_t kLastWords = 600;
  said = trim(said);
  if (said.size() > kLastWords) said.remove_prefix(said.size() - kLastWords);
  return unavailable(
      "'{}' cannot be fetched: {}. Check the URL, the network and the credentials (no question can "
      "be asked: give ssh a key in its agent, https a token in the URL); a --repo-ref that is a "
      "commit's whole id needs the remote only once",
      printable(url_.plain), printable(said));
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
  if (!result.status.ok()) throw unreadable(result.error_output);
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
  throw unreadable(result.error_output);
}

void Remote::fetch_commit(const std::string& id) const {
  if (!fetch({id}, true)) {
    fetch({"+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"}, false);
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
  local(is_branch ? std::vector<std::string>{"symbolic-ref", "HEAD", wanted.ref}
                  : std::vector<std::string>{"update-ref", "--no-deref", "HEAD", commit});
  work_.report("fetch_source", "writing the work tree");
  local({"reset", "--hard", "--quiet"});
  return commit;
}

/// Every clone of one URL and ref, by the commit.
class Clones {
 public:
  explicit Clones(fs::path directory) : directory_(std::move(directory)) {
    make_private_directory(directory_.parent_path());
    make_private_directory(directory_);
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

  /// What killed ones began or half removed, and clones of other commits that nobody uses.
  void tidy(const std::string& commit) const {
    const UniqueFd opened = open_file(directory_, O_PATH | O_DIRECTORY);
    for (const auto& entry : fs::directory_iterator(directory_)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(kTemporary) || name.starts_with(kLeaving)) {
        tree::remove_tree(opened.get(), name);
      } else if (is_object_id(name) && name != commit) {
        const auto lease = DirectoryLease::take_for_deletion(entry.path());
        if (!lease) continue;
        const std::string leaving = std::string(kLeaving) + name;
        fs::rename(entry.path(), directory_ / leaving);
        tree::remove_tree(opened.get(), leaving);
      }
    }
  }

  const fs::path& directory() const { return directory_; }

 private:
  fs::path directory_;
};

}  // namespace

FetchedRepository fetch_repository(const fs::path& cache_dir, const std::string& url,
                                   const std::optional<std::string>& ref, const Work& work) {
  if (ref) check_ref(*ref);
  const std::string plain = parse_remote_url(url).plain;
  const std::string key = sha256_of_text(plain + '\0' + ref.value_or(""));
  make_private_directory(cache_dir / "sources");
  const Clones clones(cache_dir / "sources" / "clones" / key);
  const WorkLock lock = WorkLock::acquire(clones.directory().string() + ".lock",
                                          "another fetch of the same repository", work);
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
