#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "services/files/git_directory_name.h"
#include "services/files/git_seed/borrowed_repository.h"
#include "services/files/git_seed/object_stores.h"
#include "tests/support/as_nobody.h"
#include "tests/support/environment.h"
#include "tests/unit/files/git_seed_fixture.h"

namespace pyro::files {
namespace {

/// A repository with one commit, whose owner means harm.
class HostileRepository : public GitSeed {
 protected:
  HostileRepository() {
    repository_.put("a", "one\n");
    repository_.commit("first");
  }

  fs::path canary() const { return directory_ / "canary"; }
  fs::path git_directory() const { return repository_ / ".git"; }

  /// Another one of the same user, which is nobody's business.
  fs::path private_repository() const {
    const GitRepository other(directory_ / "private");
    other.put("secret", "secret\n");
    other.commit("secret");
    return other.root();
  }

  /// Puts `path` in place of the index's only one, which is of the same length.
  void forge_index(const std::string& path) const {
    const std::string innocent(path.size(), 'x');
    fs::remove(git_directory() / "index");
    repository_.git({"update-index", "--add", "--cacheinfo",
                     "100644," + repository_.git({"rev-parse", "HEAD:a"}) + "," + innocent});
    std::string index = read_file(git_directory() / "index");
    index.replace(index.find(innocent), innocent.size(), path);
    index.resize(index.size() - 20);
    // A cache of trees names what is in no commit; git reads an index without it.
    std::array<unsigned char, 20> digest{};
    ASSERT_EQ(EVP_Digest(index.data(), index.size(), digest.data(), nullptr, EVP_sha1(), nullptr),
              1);
    index.append(reinterpret_cast<const char*>(digest.data()), digest.size());
    write_file_atomically(git_directory() / "index", index);
  }
};

TEST_F(HostileRepository, has_nothing_of_its_configuration_obeyed) {
  const fs::path tool = directory_ / "tool";
  write_file_atomically(tool, "#!/bin/sh\ntouch " + canary().string() + "\ncat\n", 0755);
  fs::create_directory(directory_ / "hooks");
  for (const char* hook : {"post-index-change", "reference-transaction", "post-checkout"}) {
    fs::copy(tool, directory_ / "hooks" / hook);
  }
  fs::create_directory(directory_ / "elsewhere");
  write_file_atomically(directory_ / "elsewhere/a", "elsewhere\n");
  const std::string settings = fmt::format(
      "[core]\n\tfsmonitor = {0}\n\thooksPath = {1}\n\tworktree = {2}\n\talternateRefsCommand = "
      "{0}\n"
      "\tpager = {0}\n\teditor = {0}\n\tsshCommand = {0}\n\tgitProxy = {0}\n"
      "[filter \"x\"]\n\tclean = {0}\n\tsmudge = {0}\n\tprocess = {0}\n\trequired = true\n"
      "[diff]\n\texternal = {0}\n[uploadpack]\n\tpackObjectsHook = {0}\n"
      "[extensions]\n\tpartialClone = origin\n[remote \"origin\"]\n\turl = ext::{0}\n"
      "\tpromisor = true\n",
      tool.string(), (directory_ / "hooks").string(), (directory_ / "elsewhere").string());
  write_file_atomically(directory_ / "included", settings);
  std::string config = read_file(git_directory() / "config");
  config += settings + "[include]\n\tpath = " + (directory_ / "included").string() + "\n";
  repository_.put(".gitattributes", "* filter=x\n");
  repository_.git({"add", ".gitattributes"});
  repository_.git({"update-index", "--force-untracked-cache"});
  write_file_atomically(git_directory() / "config", config);
  for (const auto& hook : fs::directory_iterator(directory_ / "hooks")) {
    fs::copy(hook.path(), git_directory() / "hooks" / hook.path().filename());
  }
  ASSERT_FALSE(fs::exists(canary()));

  const fs::path seeded = seed();
  EXPECT_FALSE(fs::exists(canary()));
  EXPECT_EQ(read_file(seeded / "a"), "one\n");
  // The settings are such that git itself obeys.
  testing::ask_git(repository_.root(), {"--work-tree=.", "status"});
  EXPECT_TRUE(fs::exists(canary()));
}

TEST_F(HostileRepository, cannot_name_paths_that_git_refuses) {
  for (const char* path : {"../outside", ".git/config", ".GiT/config", "d/.git/config", "GIT~1/cfg",
                           ".git./config", ".git::$INDEX", ".g\u200cit/config", "/absolute"}) {
    forge_index(path);
    EXPECT_THAT(refusal(repository_.root()),
                Refused(ErrorCode::kFailedPrecondition,
                        AllOf(HasSubstr(path), HasSubstr("no path that git checks out"),
                              HasSubstr("--no-project-source"))))
        << path;
  }
  forge_index("harmless.git");
  EXPECT_FALSE(refusal(repository_.root()));
}

TEST_F(HostileRepository, cannot_draw_in_another_repository) {
  const fs::path other = private_repository() / ".git";
  const auto expect_refused = [&](const char* why) {
    EXPECT_THAT(refusal(repository_.root()),
                Refused(ErrorCode::kFailedPrecondition, HasSubstr(why)));
  };
  const fs::path own = directory_ / "own";
  fs::rename(git_directory(), own);
  write_file_atomically(git_directory(), "gitdir: " + other.string() + "\n");
  expect_refused("--project-path");
  write_file_atomically(git_directory(), "gitdir: ../own\n");
  expect_refused("--project-path");
  // One that names the work tree back, and has the other's objects and refs.
  write_file_atomically(own / "gitdir", git_directory().string() + "\n");
  write_file_atomically(own / "commondir", other.string() + "\n");
  expect_refused("belongs to no linked work tree");
  write_file_atomically(git_directory(), "no words of git\n");
  expect_refused("names no directory");
  fs::remove(git_directory());
  fs::create_directory_symlink(other, git_directory());
  expect_refused("--project-path");
  fs::remove(git_directory());
  ASSERT_EQ(::mkfifo(git_directory().c_str(), 0600), 0);
  expect_refused("neither a directory nor a file");
}

TEST_F(HostileRepository, has_no_symbolic_link_of_its_followed) {
  const fs::path other = private_repository() / ".git";
  for (const char* name : {"HEAD", "index", "config", "packed-refs"}) {
    const fs::path kept = directory_ / "kept";
    std::error_code absent;
    fs::rename(git_directory() / name, kept, absent);
    if (std::string_view(name) == "packed-refs")
      fs::remove_all(git_directory() / "refs/heads/main");
    fs::create_symlink(other / name, git_directory() / name);
    EXPECT_THAT(refusal(repository_.root()),
                Refused(ErrorCode::kFailedPrecondition, HasSubstr("symbolic link")))
        << name;
    fs::remove(git_directory() / name);
    fs::rename(kept, git_directory() / name, absent);
  }
}

TEST_F(HostileRepository, does_not_hold_a_seed_up_with_fifos) {
  for (const char* name : {"HEAD", "config", "index", "shallow"}) {
    const fs::path kept = directory_ / "kept";
    std::error_code absent;
    fs::rename(git_directory() / name, kept, absent);
    ASSERT_EQ(::mkfifo((git_directory() / name).c_str(), 0600), 0);
    EXPECT_THAT(refusal(repository_.root()),
                Refused(ErrorCode::kFailedPrecondition, HasSubstr("no ordinary file")))
        << name;
    fs::remove(git_directory() / name);
    fs::rename(kept, git_directory() / name, absent);
  }
  fs::remove(repository_ / "a");
  ASSERT_EQ(::mkfifo((repository_ / "a").c_str(), 0600), 0);
  EXPECT_FALSE(fs::is_regular_file(repository_ / "a"));
  EXPECT_FALSE(refusal(repository_.root()));
}

TEST_F(HostileRepository, has_no_object_that_is_anything_but_an_ordinary_file) {
  const std::string id = repository_.git({"rev-parse", "HEAD:a"});
  const fs::path objects = git_directory() / "objects";
  const fs::path loose = objects / id.substr(0, 2) / id.substr(2, 38);
  const fs::path pack = objects / "pack/pack-0000000000000000000000000000000000000000.idx";
  fs::create_directories(pack.parent_path());
  for (const fs::path& name : {loose, pack}) {
    const fs::path kept = directory_ / "kept";
    std::error_code absent;
    fs::rename(name, kept, absent);
    const auto expect_refused_by_name = [&] {
      EXPECT_THAT(refusal(repository_.root()),
                  Refused(ErrorCode::kFailedPrecondition,
                          AllOf(HasSubstr(name.string()), HasSubstr("is no ordinary file"))));
      fs::remove(name);
    };
    ASSERT_EQ(::mkfifo(name.c_str(), 0600), 0);
    expect_refused_by_name();
    fs::create_symlink("/dev/zero", name);
    expect_refused_by_name();
    ASSERT_EQ(::mkfifo((directory_ / "fifo").c_str(), 0600), 0);
    fs::create_symlink(directory_ / "fifo", name);
    expect_refused_by_name();
    fs::remove(directory_ / "fifo");
    const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // Through a short name: an object's may be longer than an address takes.
    const fs::path made = directory_ / "s";
    made.string().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    fs::rename(made, name);
    expect_refused_by_name();
    fs::rename(kept, name, absent);
  }
  EXPECT_FALSE(refusal(repository_.root()));
}

TEST_F(HostileRepository, whose_objects_are_a_link_to_anything_is_refused_or_read) {
  const fs::path objects = git_directory() / "objects";
  const fs::path kept = directory_ / "objects";
  fs::rename(objects, kept);
  for (const char* target : {"objects", "/dev", "/dev/zero", "/proc/self/fd", "nowhere"}) {
    fs::create_symlink(target, objects);
    EXPECT_THAT(refusal(repository_.root()), Refused(ErrorCode::kFailedPrecondition)) << target;
    fs::remove(objects);
  }
  fs::create_directories(directory_ / "empty");
  fs::create_symlink("/dev", directory_ / "empty/pack");
  fs::create_symlink(directory_ / "empty", objects);
  EXPECT_THAT(refusal(repository_.root()),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("is no ordinary file")));
  fs::remove(objects);
  fs::create_symlink(kept, objects);
  EXPECT_FALSE(refusal(repository_.root()));
}

TEST_F(HostileRepository, lists_its_lenders_in_ordinary_files_alone) {
  const fs::path info = git_directory() / "objects/info";
  const fs::path other = private_repository() / ".git/objects/info";
  for (const fs::path& list : {info / "alternates", other / "alternates"}) {
    if (list.parent_path() == other) {
      write_file_atomically(info / "alternates", other.parent_path().string() + "\n");
    }
    fs::create_symlink("/dev/zero", list);
    EXPECT_THAT(refusal(repository_.root()),
                Refused(ErrorCode::kFailedPrecondition, HasSubstr("symbolic link")));
    fs::remove(list);
    ASSERT_EQ(::mkfifo(list.c_str(), 0600), 0);
    EXPECT_THAT(refusal(repository_.root()),
                Refused(ErrorCode::kFailedPrecondition, HasSubstr("no ordinary file")));
    fs::remove(list);
    write_file_atomically(list, std::string(1U << 20U, '\n'));
    EXPECT_THAT(refusal(repository_.root()),
                Refused(ErrorCode::kFailedPrecondition, HasSubstr("is longer than")));
    fs::remove(list);
  }
}

TEST_F(HostileRepository, is_lent_itself_only_as_long_as_git_finds_no_list_of_lenders_in_it) {
  const fs::path store = git_directory() / "objects";
  const fs::path list = store / "info/alternates";
  const fs::path place = directory_ / "lent";
  EXPECT_EQ(lend(store, place), store);
  EXPECT_FALSE(fs::exists(place));
  const auto expect_links_alone = [&] {
    EXPECT_EQ(lend(store, place), place);
    EXPECT_TRUE(fs::exists(place / "pack"));
    EXPECT_FALSE(fs::exists(fs::symlink_status(place / "info")));
    fs::remove_all(place);
  };
  write_file_atomically(list, "");
  expect_links_alone();
  fs::remove(list);
  fs::create_symlink("nowhere", list);
  expect_links_alone();
  fs::remove(list);
  ASSERT_EQ(::mkfifo(list.c_str(), 0600), 0);
  expect_links_alone();
  fs::rename(store / "info", directory_ / "info");
  fs::create_directory_symlink(directory_ / "info", store / "info");
  expect_links_alone();
}

TEST_F(HostileRepository, borrows_of_a_bounded_number_of_others) {
  std::string list;
  for (int i = 0; i < 200; ++i) {
    const fs::path lender = directory_ / ("lender" + std::to_string(i));
    fs::create_directory(lender);
    list += lender.string() + "\n";
  }
  write_file_atomically(git_directory() / "objects/info/alternates", list);
  EXPECT_THAT(refusal(repository_.root()),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("more than 64")));
  fs::path borrower = git_directory() / "objects";
  for (int i = 0; i < 10; ++i) {
    const fs::path lender = directory_ / ("lender" + std::to_string(i));
    fs::create_directories(borrower / "info");
    write_file_atomically(borrower / "info/alternates", lender.string() + "\n");
    borrower = lender;
  }
  EXPECT_THAT(refusal(repository_.root()),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("deeper than")));
}

TEST_F(HostileRepository, whose_tree_is_larger_than_any_project_is_refused) {
  repository_.commit_many_times(repository_.git({"rev-parse", "HEAD:a"}), 9);
  EXPECT_THAT(refusal(repository_.root()),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("more files than")));
  EXPECT_TRUE(fs::is_empty(scratch_));
}

/// Paths that begin alike take a few bytes each in an index of version 4.
TEST_F(HostileRepository, whose_index_lists_more_than_any_project_is_refused) {
  repository_.git({"config", "index.version", "4"});
  fs::remove(git_directory() / "index");  // it would keep its version
  const std::string blob = repository_.git({"rev-parse", "HEAD:a"});
  repository_.git({"-c",
                   "alias.make=!awk 'BEGIN { p = sprintf(\"%4000s\", \"\"); gsub(/ /, \"x\", p); "
                   "for (i = 0; i < 70000; i++) printf \"100644 " +
                       blob + "\\t%s%d\\n\", p, i }' | git update-index --index-info",
                   "make"});
  EXPECT_LT(fs::file_size(git_directory() / "index"), 16U << 20U);
  EXPECT_THAT(refusal(repository_.root()), Refused(ErrorCode::kFailedPrecondition,
                                                   HasSubstr("its index lists more files than")));
}

TEST_F(HostileRepository, has_only_the_shared_index_copied_that_its_index_names) {
  repository_.git({"update-index", "--split-index"});
  const fs::path big = git_directory() / ("sharedindex." + std::string(40, 'a'));
  write_file_atomically(big, "");
  fs::resize_file(big, 3ULL << 30U);
  EXPECT_FALSE(refusal(repository_.root()));
}

TEST_F(HostileRepository, cannot_have_a_head_that_is_no_commit_of_a_ref) {
  for (const char* head :
       {"", "ref: ../../private/.git/refs/heads/main", "ref: /etc/passwd",
        "ref: refs/heads/../../x", "ref: refs/heads/a\nb", "zzzz", "ref: HEAD"}) {
    write_file_atomically(git_directory() / "HEAD", head);
    EXPECT_THAT(refusal(repository_.root()), Refused(ErrorCode::kFailedPrecondition)) << head;
  }
  write_file_atomically(git_directory() / "HEAD", "ref: refs/heads/loop\n");
  write_file_atomically(git_directory() / "refs/heads/loop", "ref: refs/heads/loop\n");
  EXPECT_THAT(refusal(repository_.root()), Refused(ErrorCode::kFailedPrecondition));
  write_file_atomically(git_directory() / "refs/heads/loop", "");
  EXPECT_THAT(refusal(repository_.root()),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("holds no commit's id")));
}

TEST_F(HostileRepository, with_refs_as_a_table_is_refused_with_the_way_out) {
  write_file_atomically(git_directory() / "HEAD", "ref: refs/heads/.invalid\n");
  EXPECT_THAT(refusal(repository_.root()),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("git refs migrate")));
}

TEST_F(HostileRepository, that_is_damaged_is_refused_with_the_ways_out) {
  const std::string blob = repository_.git({"rev-parse", "HEAD:a"});
  const fs::path object = git_directory() / "objects" / blob.substr(0, 2) / blob.substr(2);
  const std::string content = read_file(object);
  fs::permissions(object, fs::perms::owner_all);
  const auto expect_refused = [&] {
    EXPECT_THAT(refusal(repository_.root()),
                Refused(ErrorCode::kFailedPrecondition,
                        AllOf(HasSubstr("git fsck"), HasSubstr("seed_path"),
                              HasSubstr("--no-project-source"), Not(HasSubstr("%")))));
  };
  write_file_atomically(object, content.substr(0, content.size() / 2));
  expect_refused();
  write_file_atomically(object, content);
  EXPECT_FALSE(refusal(repository_.root()));
  repository_.put(".git/index", "no index");
  expect_refused();
  EXPECT_TRUE(fs::is_empty(directory_ / "scratch"));
}

TEST_F(HostileRepository, with_a_submodule_that_leads_outside_is_refused) {
  const GitRepository library(directory_ / "library");
  library.commit("library");
  repository_.git({"submodule", "--quiet", "add", library.root().string(), "lib"});
  write_file_atomically(repository_ / "lib/.git",
                        "gitdir: " + (private_repository() / ".git").string() + "\n");
  EXPECT_THAT(refusal(repository_.root()),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("--project-path")));
}

TEST_F(HostileRepository, cannot_have_its_modules_elsewhere) {
  const fs::path other = private_repository();
  fs::create_directory_symlink("../..", git_directory() / "modules");
  fs::create_directory(repository_ / "sub");
  const fs::path git = repository_ / "sub/.git";
  write_file_atomically(git, "gitdir: ../../private/.git\n");
  EXPECT_THAT(refusal(repository_ / "sub"),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("--project-path")));
  fs::remove(git_directory() / "modules");
  fs::create_directory(git_directory() / "modules");
  fs::create_directory_symlink(other / ".git", git_directory() / "modules/sub");
  write_file_atomically(git, "gitdir: ../.git/modules/sub\n");
  EXPECT_THAT(refusal(repository_ / "sub"),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("--project-path")));
}

TEST_F(HostileRepository, that_another_user_owns_is_refused_with_the_ways_out) {
  if (::geteuid() != 0) {
    EXPECT_FALSE(refusal(repository_.root()));
    return;
  }
  const uid_t self = ::geteuid();
  for (const fs::path& part : {repository_.root(), git_directory()}) {
    ASSERT_EQ(::lchown(part.c_str(), 54321, self), 0);
    EXPECT_THAT(refusal(repository_.root()),
                Refused(ErrorCode::kFailedPrecondition,
                        AllOf(HasSubstr("belongs to another user (uid 54321)"),
                              HasSubstr("'" + part.string() + "'"), HasSubstr("seed_path"))));
    const pyro::testing::WithVariable sudo("SUDO_UID", "54321");
    EXPECT_FALSE(refusal(repository_.root())) << "who became root by sudo is the owner";
    ASSERT_EQ(::lchown(part.c_str(), self, self), 0);
  }
  const fs::path own = directory_ / "linked";
  repository_.git({"worktree", "add", "--quiet", "--detach", own.string()});
  ASSERT_EQ(::chown(git_directory().c_str(), 54321, self), 0);
  EXPECT_THAT(refusal(own), Refused(ErrorCode::kFailedPrecondition, HasSubstr("uid 54321")));
}

TEST_F(HostileRepository, unreadable_files_matter_only_when_they_are_tracked) {
  repository_.put(".gitignore", "ignored/\n");
  repository_.put("d/tracked", "x\n");
  repository_.commit("second");
  repository_.put("ignored/deep/file", "x\n");
  repository_.put("untracked", "x\n");
  fs::permissions(repository_ / "ignored/deep", fs::perms::none);
  fs::permissions(repository_ / "untracked", fs::perms::none);
  if (::geteuid() == 0) {
    run_checked({.argv = {"chown", "-R", "65534:65534", directory_.path().string()}},
                Deadline::max(), {});
  }
  const pyro::testing::AsNobody nobody;
  EXPECT_FALSE(refusal(repository_.root()));
  fs::permissions(repository_ / "d/tracked", fs::perms::none);
  const auto refused = refusal(repository_.root());
  ASSERT_TRUE(refused);
  EXPECT_THAT(refused->message(), AllOf(HasSubstr("'d/tracked'"), HasSubstr("Permission denied")));
  fs::permissions(repository_ / "ignored/deep", fs::perms::owner_all);
}

TEST(GitDirectoryName, is_what_some_file_system_takes_for_it) {
  for (const char* name : {".git", ".GIT", ".git ", ".git.", ".git . .", "git~1", "GIT~1", ".git:x",
                           ".git\\x", ".gi\u200dt", "\ufeff.git"}) {
    EXPECT_TRUE(is_git_directory_name(name)) << name;
  }
  for (const char* name : {"git", ".gitignore", ".github", "a.git", "git~2", ".gi"}) {
    EXPECT_FALSE(is_git_directory_name(name)) << name;
  }
}

}  // namespace
}  // namespace pyro::files
