#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <limits>
#include <map>

#include "common/base/files.h"
#include "services/files/fetched_files.h"
#include "tests/unit/files/nouns_fixture.h"

namespace pyro {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HostTree;
using testing::Refused;
using testing::text_file;

TEST_F(FilesNouns, export_a_directory_as_it_is) {
  const auto exported = export_to("/workspace", directory_ / "made/for/it");
  EXPECT_EQ(exported.workspace_path, "/workspace");
  EXPECT_EQ(exported.output_path, directory_ / "made/for/it");
  EXPECT_EQ(exported.artifact_type, api::ArtifactType::kDirectory);
  EXPECT_EQ(exported.entry_count, 8U);
  EXPECT_EQ(exported.bytes_written, 200015U);
  EXPECT_EQ(testing::read_tree(directory_ / "made/for/it"), small_tree());
  EXPECT_TRUE(fs::is_empty(directory_ / "exports"));
  EXPECT_THAT(std::distance(fs::directory_iterator(directory_ / "made/for"), {}), 1);
}

TEST_F(FilesNouns, export_modes_whatever_the_umask_is) {
  testing::write_tree(guest_.tree(),
                      {{"open", text_file("x", 0666)}, {"own", text_file("x", 0600)}});
  fs::permissions(guest_.tree() / "bin", fs::perms(0777));
  for (const mode_t mask : {mode_t{0077}, mode_t{0}}) {
    const mode_t before = ::umask(mask);
    const fs::path output = directory_ / ("out" + std::to_string(mask));
    export_to("/workspace", output);
    ::umask(before);
    EXPECT_EQ(testing::read_tree(output), testing::read_tree(guest_.tree())) << mask;
    EXPECT_EQ(fs::status(output / "bin").permissions(), fs::perms(0777)) << mask;
    EXPECT_EQ(fs::status(output / "d").permissions(),
              fs::status(guest_.tree() / "d").permissions());
  }
}

/// ext4 has times up to 2446; ours end in 2262.
TEST_F(FilesNouns, export_a_time_beyond_the_year_2262_as_the_last_of_that_year_that_we_have) {
  const std::array<timespec, 2> year_2300 = {
      {{.tv_sec = 10'413'792'000}, {.tv_sec = 10'413'792'000}}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (guest_.tree() / "a.txt").c_str(), year_2300.data(), 0), 0);
  export_to("a.txt", directory_ / "out");
  struct stat info {};
  ASSERT_EQ(::stat((directory_ / "out").c_str(), &info), 0);
  EXPECT_EQ(info.st_mtim.tv_sec, std::numeric_limits<std::int64_t>::max() / 1'000'000'000);
}

TEST_F(FilesNouns, export_holes_as_holes) {
  constexpr std::uint64_t kMib = 1U << 20U;
  const auto make = [](const fs::path& file, std::uint64_t size,
                       const std::map<std::uint64_t, std::string>& parts) {
    const UniqueFd to = open_file(file, O_WRONLY | O_CREAT);
    for (const auto& [at, text] : parts) {
      ASSERT_EQ(::pwrite(to.get(), text.data(), text.size(), static_cast<off_t>(at)),
                static_cast<ssize_t>(text.size()));
    }
    ASSERT_EQ(::ftruncate(to.get(), static_cast<off_t>(size)), 0);
  };
  fs::create_directory(guest_.tree() / "sparse");
  make(guest_.tree() / "sparse/all", 200 * kMib, {});
  make(guest_.tree() / "sparse/ends", 64 * kMib, {{0, "begin"}, {64 * kMib - 3, "end"}});
  make(guest_.tree() / "sparse/middle", 48 * kMib + 17,
       {{5 * kMib, std::string(100'000, 'm')}, {20 * kMib, "n"}});
  const auto exported = export_to("sparse", directory_ / "out", true);
  EXPECT_EQ(exported.bytes_written, 312 * kMib + 17);
  for (const char* name : {"all", "ends", "middle"}) {
    const fs::path copy = directory_ / "out" / name;
    EXPECT_EQ(fs::file_size(copy), fs::file_size(guest_.tree() / "sparse" / name)) << name;
    struct stat info {};
    ASSERT_EQ(::stat(copy.c_str(), &info), 0);
    EXPECT_LT(info.st_blocks * 512, 1 << 20) << name;
    if (std::string_view(name) == "all") continue;
    EXPECT_TRUE(read_file(copy, 65 * kMib) == read_file(guest_.tree() / "sparse" / name, 65 * kMib))
        << name;
  }
}

TEST_F(FilesNouns, export_nothing_to_a_disk_that_is_too_full) {
  limits_.keep_free_mib = 1U << 30U;
  EXPECT_THAT(testing::error_of([&] { export_to("a.txt", directory_ / "out"); }),
              Refused(ErrorCode::kResourceExhausted, HasSubstr("limits.keep_free_mib")));
  EXPECT_THAT(names_in_directory(), ElementsAre("exports"));
  EXPECT_TRUE(fs::is_empty(directory_ / "exports"));
}

TEST_F(FilesNouns, export_a_file_or_a_link) {
  EXPECT_EQ(export_to("a.txt", directory_ / "file").artifact_type, api::ArtifactType::kFile);
  EXPECT_EQ(read_file(directory_ / "file"), "one\n");
  EXPECT_EQ(export_to("bin/link", directory_ / "link/").artifact_type, api::ArtifactType::kSymlink);
  EXPECT_EQ(fs::read_symlink(directory_ / "link"), "run");
}

TEST_F(FilesNouns, refuse_an_output_path_that_exists) {
  fs::create_symlink("nowhere", directory_ / "dangling");
  for (const char* name : {"dangling", "exports"}) {
    exports();
    const std::string output = (directory_ / name).string();
    EXPECT_THAT(
        testing::error_of([&] { export_to("a.txt", output); }),
        Refused(ErrorCode::kAlreadyExists, ("output_path already exists: " + output).c_str()));
  }
  EXPECT_THAT(testing::error_of([&] { export_to("a.txt", "relative"); }),
              Refused(ErrorCode::kInvalidArgument));
}

TEST_F(FilesNouns, refuse_to_export_a_link_that_leads_out_and_leave_nothing) {
  fs::create_symlink("/etc/passwd", guest_.tree() / "bin/evil");
  EXPECT_THAT(testing::error_of([&] { export_to("bin", directory_ / "out"); }),
              Refused(ErrorCode::kInvalidArgument, "symlink evil escapes the workspace"));
  EXPECT_THAT(testing::error_of([&] { export_to("bin/evil", directory_ / "out"); }),
              Refused(ErrorCode::kInvalidArgument, "symlink bin/evil escapes the workspace"));
  EXPECT_THAT(names_in_directory(), ElementsAre("exports"));
  EXPECT_TRUE(fs::is_empty(directory_ / "exports"));
}

TEST_F(FilesNouns, are_not_held_up_by_fifos_and_links_in_a_git_directory) {
  const fs::path git = guest_.tree() / "r/.git";
  fs::create_directories(git / "objects/ab");
  fs::create_directories(git / "info");
  const std::string object = "objects/ab/" + std::string(38, '0');
  for (const std::string& name : {object, std::string("index"), std::string("info/exclude")}) {
    ASSERT_EQ(::mkfifo((git / name).c_str(), 0600), 0);
  }
  fs::create_symlink("/dev/zero", git / "HEAD");
  fs::create_directory_symlink("/", git / "objects/pack");
  // What a diff reads of it.
  auto guest = guest_.connect();
  std::vector<tree::EntryKind> kinds;
  files::fetch_files(guest, {"r/.git/index", "r/.git/info/exclude", "r/.git/HEAD"}, 1000,
                     [&](const files::FetchedFile& file) {
                       kinds.push_back(file.entry.kind);
                       EXPECT_EQ(file.content, "");
                     });
  EXPECT_THAT(kinds, ElementsAre(tree::EntryKind::kOther, tree::EntryKind::kOther,
                                 tree::EntryKind::kSymlink));
  EXPECT_THAT(testing::error_of([&] { export_to("r/.git", directory_ / "out"); }),
              Refused(ErrorCode::kInvalidArgument, "symlink HEAD escapes the workspace"));
  fs::remove(git / "HEAD");
  fs::remove(git / "objects/pack");
  EXPECT_EQ(export_to("r", directory_ / "out").skipped_count, 3U);
  EXPECT_FALSE(fs::exists(directory_ / "out/.git" / object));
}

TEST_F(FilesNouns, export_no_git_directory_for_a_model) {
  const HostTree hostile = {{".git/config", text_file("[core]\nfsmonitor = evil\n")},
                            {".gitignore", text_file("*.o\n")},
                            {"module/.git", text_file("gitdir: ../evil\n")},
                            {"module/GIT~1/hooks/pre-commit", text_file("evil\n", 0755)},
                            {"module/f", text_file("f")}};
  testing::write_tree(guest_.tree() / "repository", hostile);
  const auto exported = export_to("repository", directory_ / "out", true);
  EXPECT_EQ(testing::read_tree(directory_ / "out"),
            (HostTree{{".gitignore", text_file("*.o\n")}, {"module/f", text_file("f")}}));
  EXPECT_EQ(exported.entry_count, 3U);
  EXPECT_EQ(exported.skipped_count, 6U);
  const auto git_directory = Refused(ErrorCode::kInvalidArgument, HasSubstr(".git directory"));
  for (const char* path : {"repository/.git", "repository/.git/config", "repository/module/.git"}) {
    EXPECT_THAT(testing::error_of([&] { export_to(path, directory_ / "x", true); }), git_directory);
  }
  for (const char* output : {".git", "out/.GIT/hooks/pre-commit", "out/GIT~1/config"}) {
    EXPECT_THAT(testing::error_of([&] { export_to("a.txt", directory_ / output, true); }),
                git_directory);
  }
  EXPECT_THAT(names_in_directory(), ElementsAre("exports", "out"));
  // What a person asks for is whole.
  export_to("repository", directory_ / "whole");
  EXPECT_EQ(testing::read_tree(directory_ / "whole"), hostile);
}

TEST_F(FilesNouns, follow_no_link_of_the_host_for_a_model) {
  fs::create_directories(directory_ / "elsewhere/sub");
  write_file_atomically(directory_ / "elsewhere/secret", "secret");
  write_file_atomically(directory_ / "elsewhere/a.tar", "secret");
  fs::create_symlink("elsewhere", directory_ / "link");
  fs::create_symlink("elsewhere/a.tar", directory_ / "b.tar");
  const auto link = Refused(ErrorCode::kInvalidArgument, HasSubstr("symbolic link"));
  for (const char* output : {"link/new", "link/sub/new", "link/made/for/it"}) {
    EXPECT_THAT(testing::error_of([&] { export_to("a.txt", directory_ / output, true); }), link);
  }
  for (const char* source : {"link", "link/sub", "b.tar", "link/a.tar"}) {
    EXPECT_THAT(testing::error_of([&] { push_from(directory_ / source, "in", true); }), link);
  }
  EXPECT_FALSE(fs::exists(guest_.tree() / "in"));
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_ / "elsewhere"), {}), 3);
  // A person's own links lead where they lead.
  push_from(directory_ / "link", "in");
  EXPECT_EQ(read_file(guest_.tree() / "in/secret"), "secret");
  export_to("a.txt", directory_ / "link/made/for/it");
  EXPECT_EQ(read_file(directory_ / "elsewhere/made/for/it"), "one\n");
}

TEST_F(FilesNouns, remove_what_a_killed_export_left) {
  fs::create_directories(directory_ / ".pyro-export-1234/sub");
  fs::create_directories(directory_ / "precious");
  exports();
  write_file_atomically(directory_ / "exports/pyro-export-1234",
                        (directory_ / ".pyro-export-1234").string());
  write_file_atomically(directory_ / "exports/pyro-export-3", "/nonexistent/.pyro-export-3");
  write_file_atomically(directory_ / "exports/pyro-export-4.tmp-01234567", "");
  exports().remove_leftovers();
  EXPECT_THAT(names_in_directory(), ElementsAre("exports", "precious"));
  EXPECT_TRUE(fs::is_empty(directory_ / "exports"));
}

TEST_F(FilesNouns, leave_alone_what_is_no_record_of_an_export) {
  exports();
  const std::map<std::string, fs::path> files = {{"letter", directory_ / "precious"},
                                                 {"2", directory_ / ".pyro-export-1234"},
                                                 {"pyro-export-5", directory_ / "precious"},
                                                 {"pyro-export-6", directory_ / ".pyro-export-7"}};
  for (const auto& [name, path] : files) {
    fs::create_directories(path);
    write_file_atomically(directory_ / "exports" / name, path.string());
  }
  fs::create_directories(directory_ / "exports/pyro-export-8/old");
  exports().remove_leftovers();
  for (const auto& [name, path] : files) {
    EXPECT_TRUE(fs::exists(path)) << path;
    EXPECT_TRUE(fs::exists(directory_ / "exports" / name)) << name;
  }
  EXPECT_TRUE(fs::exists(directory_ / "exports/pyro-export-8/old"));
}

TEST_F(FilesNouns, push_a_directory_over_what_is_there) {
  const HostTree pushed{{"a.txt", text_file("two\n")}, {"x/y", text_file("new\n", 0755)}};
  testing::write_tree(directory_ / "source", pushed);
  const auto reply = push_from(directory_ / "source", "/workspace");
  EXPECT_EQ(reply.workspace_sync.mode, api::SeedMode::kDirectory);
  EXPECT_EQ(reply.workspace_sync.destination, "/workspace");
  EXPECT_EQ(reply.workspace_sync.entry_count, 3U);
  EXPECT_EQ(reply.workspace_sync.bytes_written, 8U);
  HostTree expected = small_tree();
  expected["a.txt"] = pushed.at("a.txt");
  expected["x/y"] = pushed.at("x/y");
  EXPECT_EQ(testing::read_tree(guest_.tree()), expected);
}

TEST_F(FilesNouns, push_skips_what_is_no_file) {
  testing::write_tree(directory_ / "source", {{"x", text_file("x")}});
  ASSERT_EQ(::mkfifo((directory_ / "source/fifo").c_str(), 0600), 0);
  const auto reply = push_from(directory_ / "source", "into");
  EXPECT_EQ(reply.workspace_sync.skipped_count, 1U);
  EXPECT_EQ(reply.workspace_sync.destination, "/workspace/into");
  EXPECT_TRUE(fs::exists(guest_.tree() / "into/x"));
}

TEST_F(FilesNouns, push_nothing_of_what_conflicts) {
  testing::write_tree(directory_ / "source",
                      {{"a.txt", text_file("two\n")}, {"bin", text_file("a file")}});
  EXPECT_THAT(testing::error_of([&] { push_from(directory_ / "source", "."); }),
              Refused(ErrorCode::kFailedPrecondition));
  EXPECT_EQ(testing::read_tree(guest_.tree()), small_tree());
}

TEST_F(FilesNouns, refuse_sources_and_destinations_of_pushes) {
  EXPECT_THAT(testing::error_of([&] { push_from("/nonexistent/x", "."); }),
              Refused(ErrorCode::kNotFound, "source_path /nonexistent/x does not exist"));
  write_file_atomically(directory_ / "plain", "x");
  EXPECT_THAT(testing::error_of([&] { push_from(directory_ / "plain", "."); }),
              Refused(ErrorCode::kInvalidArgument,
                      "source_path must be a directory or a .tar/.tar.gz/.tgz archive"));
  EXPECT_THAT(
      testing::error_of([&] { push_from(directory_.path(), "/etc"); }),
      Refused(ErrorCode::kInvalidArgument, "workspace destination must stay inside /workspace"));
}

}  // namespace
}  // namespace pyro
