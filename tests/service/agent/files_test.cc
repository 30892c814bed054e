#include <sys/stat.h>

#include <set>

#include "common/tree/path.h"
#include "tests/service/agent/files_fixture.h"

namespace pyro::agent {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tree::EntryKind;

namespace fs = std::filesystem;

TEST_F(FilesTest, nothing_goes_before_the_workspace_is_mounted) {
  auto connection = dial(wire::kFilesPort);
  const auto unmounted = Refused(ErrorCode::kFailedPrecondition, "the workspace is not mounted");
  EXPECT_THAT(refusal(connection, wire::ListTree{}), unmounted);
  EXPECT_THAT(refusal(connection, wire::ScanTree{}), unmounted);
  EXPECT_THAT(refusal(connection, wire::SendTree{}), unmounted);
  EXPECT_THAT(refusal(connection, wire::SendFiles{}), unmounted);
  EXPECT_THAT(refusal(connection, wire::ReadPart{.path = "a"}), unmounted);
  EXPECT_THAT(refusal(connection, wire::ReplaceFile{.path = "a"}), unmounted);
  EXPECT_THAT(refusal(connection, wire::BeginChange{}), unmounted);
  EXPECT_THAT(refusal(connection, wire::FreezeVolume{}), unmounted);
  EXPECT_THAT(refusal(connection, wire::ThawVolume{}), unmounted);
  ask(connection, wire::MountVolume{});
  ask(connection, wire::MountVolume{});
  EXPECT_TRUE(fs::is_directory(tree()));
  EXPECT_THAT(receive(connection, wire::ListTree{}).paths, ElementsAre(""));
}

TEST_F(FilesTest, a_directory_of_the_host_is_not_frozen) {
  auto connection = files();
  EXPECT_THAT(refusal(connection, wire::FreezeVolume{}),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("host compatibility mode")));
  EXPECT_FALSE(ask(connection, wire::ThawVolume{}).held);
  ask(connection, wire::ReplaceFile{.path = "a", .content = {"not shut out"}});
}

TEST_F(FilesTest, a_list_gives_what_lies_in_a_directory_and_no_more_unless_it_is_told_to) {
  auto connection = files();
  put("d/inner", "12345");
  put("d/e/deep", "");
  fs::create_symlink("inner", tree() / "d/link");
  const auto flat = receive(connection, wire::ListTree{.path = "d"});
  EXPECT_THAT(flat.paths, ElementsAre("", "e", "inner", "link"));
  EXPECT_EQ(flat.entries.at("inner").size, 5U);
  EXPECT_EQ(flat.entries.at("link").link_target, "inner");
  EXPECT_THAT(flat.content, IsEmpty());
  EXPECT_THAT(receive(connection, wire::ListTree{.path = "d", .recursive = true}).paths,
              ElementsAre("", "e", "e/deep", "inner", "link"));
  EXPECT_EQ(receive(connection, wire::ListTree{.path = "d/link"}).entries.at("").kind,
            EntryKind::kSymlink);
  EXPECT_THAT(refusal(connection, wire::ListTree{.path = "d/none"}),
              Refused(ErrorCode::kNotFound, "workspace path does not exist: /workspace/d/none"));
  EXPECT_THAT(refusal(connection, wire::ListTree{.path = "d/inner/none"}),
              Refused(ErrorCode::kNotFound));
}

TEST_F(FilesTest, a_tree_is_sent_with_its_content) {
  auto connection = files();
  const std::string large(700'000, 'x');
  put("d/large", large);
  put("d/empty", "");
  ASSERT_EQ(::mkfifo((tree() / "d/fifo").c_str(), 0600), 0);
  const auto sent = receive(connection, wire::SendTree{.path = "d"});
  EXPECT_THAT(sent.paths, ElementsAre("", "empty", "fifo", "large"));
  EXPECT_EQ(sent.content.at("large"), large);
  EXPECT_EQ(sent.content.at("empty"), "");
  EXPECT_EQ(sent.entries.at("fifo").kind, EntryKind::kOther);
  EXPECT_EQ(receive(connection, wire::SendTree{.path = "d/large"}).content.at(""), large);
  EXPECT_THAT(refusal(connection, wire::SendTree{.path = "x"}), Refused(ErrorCode::kNotFound));
}

TEST_F(FilesTest, files_are_sent_in_the_order_they_were_asked_for) {
  auto connection = files();
  put("b", "bee");
  put("d/c", "sea");
  fs::create_symlink("b", tree() / "link");
  fs::create_symlink("d", tree() / "way");
  const auto sent =
      receive(connection, wire::SendFiles{.paths = {"link", "d/c", "none", "b", "d", "way/c"}});
  EXPECT_THAT(sent.paths, ElementsAre("link", "d/c", "none", "b", "d", "way/c"));
  EXPECT_EQ(sent.entries.at("link").link_target, "b");
  EXPECT_EQ(sent.content.at("d/c"), "sea");
  EXPECT_EQ(sent.entries.at("none").kind, EntryKind::kAbsent);
  EXPECT_EQ(sent.entries.at("d").kind, EntryKind::kDirectory);
  EXPECT_EQ(sent.entries.at("way/c").kind, EntryKind::kAbsent) << "a link was followed";
  EXPECT_EQ(sent.content.size(), 2U);
}

TEST_F(FilesTest, a_scan_tells_every_path_and_no_git_directory_when_all_is_asked_for) {
  auto connection = files();
  put("same/a", "1");
  put("same/sub/b", "2");
  put("other/c", "3");
  put(".git/objects/x", "");
  put("other/.git", "a file of that name");
  fs::create_symlink("a", tree() / "same/link");
  const auto all = receive(connection, wire::ScanTree{.all = true});
  EXPECT_THAT(all.paths, ElementsAre("", "other", "same", "other/c", "same/a", "same/link",
                                     "same/sub", "same/sub/b"));
  EXPECT_EQ(all.entries.at("same/link").link_target, "a");
  const auto below = receive(connection, wire::ScanTree{.path = "same", .all = true});
  EXPECT_THAT(below.paths, ElementsAre("same", "same/a", "same/link", "same/sub", "same/sub/b"));
  EXPECT_THAT(refusal(connection, wire::ScanTree{.path = "same/a"}),
              Refused(ErrorCode::kFailedPrecondition,
                      "workspace path is not a directory: /workspace/same/a"));
  EXPECT_THAT(refusal(connection, wire::ScanTree{.path = "none"}), Refused(ErrorCode::kNotFound));
}

TEST_F(FilesTest, a_scan_since_any_moment_tells_what_its_rule_says) {
  auto connection = files();
  for (int i = 0; i < 60; ++i) put(fmt::format("d{}/e{}/f{}", i % 3, i % 7, i), "");
  const auto all = receive(connection, wire::ScanTree{.all = true});
  std::set<std::int64_t> moments;
  for (const auto& [path, entry] : all.entries) moments.insert(entry.ctime_ns);
  bool something_is_silent = false;
  for (const auto moment : moments) {
    std::vector<std::string> expected;
    for (const auto& path : all.paths) {
      const auto& parent = all.entries.at(std::string(tree::parent_of(path)));
      const bool told_with_parent = !path.empty() && parent.ctime_ns != moment;
      if (all.entries.at(path).ctime_ns != moment || told_with_parent) expected.push_back(path);
    }
    something_is_silent |= expected.size() < all.paths.size();
    const auto told = receive(connection, wire::ScanTree{.unchanged_ctime_ns = moment});
    EXPECT_EQ(told.paths, expected);
  }
  EXPECT_TRUE(something_is_silent);
}

TEST_F(FilesTest, a_part_of_a_file_comes_with_the_size_of_the_whole) {
  auto connection = files();
  put("f", "0123456789");
  const auto part = ask(connection, wire::ReadPart{.path = "f", .offset = 3, .max_bytes = 4});
  EXPECT_EQ(part.content.data, "3456");
  EXPECT_EQ(part.size_bytes, 10U);
  EXPECT_EQ(ask(connection, wire::ReadPart{.path = "f", .offset = 8}).content.data, "89");
  EXPECT_EQ(ask(connection, wire::ReadPart{.path = "f", .offset = 99}).content.data, "");
  put("large", std::string(16U << 20U, 'z'));
  EXPECT_EQ(
      ask(connection, wire::ReadPart{.path = "large", .max_bytes = 16U << 20U}).content.data.size(),
      16U << 20U);
  EXPECT_THAT(refusal(connection, wire::ReadPart{.path = "f", .max_bytes = 0}),
              Refused(ErrorCode::kInvalidArgument));
}

TEST_F(FilesTest, only_regular_files_are_read) {
  auto connection = files();
  put("d/f", "");
  fs::create_symlink("d/f", tree() / "link");
  ASSERT_EQ(::mkfifo((tree() / "fifo").c_str(), 0600), 0);
  for (const char* path : {"d", "link", "fifo"}) {
    EXPECT_THAT(
        refusal(connection, wire::ReadPart{.path = path}),
        Refused(ErrorCode::kFailedPrecondition, "workspace file read only supports regular files"))
        << path;
  }
  EXPECT_THAT(refusal(connection, wire::ReadPart{.path = "d/x"}),
              Refused(ErrorCode::kNotFound, "workspace path does not exist: /workspace/d/x"));
}

TEST_F(FilesTest, reading_follows_links_on_the_way_but_not_out_of_the_tree) {
  auto connection = files();
  put("real/dir/f", "inside");
  fs::create_symlink("real", tree() / "way");
  fs::create_symlink("../..", tree() / "real/out");
  fs::create_symlink("/etc", tree() / "etc");
  EXPECT_EQ(ask(connection, wire::ReadPart{.path = "way/dir/f"}).content.data, "inside");
  EXPECT_THAT(receive(connection, wire::ListTree{.path = "way/dir"}).paths, ElementsAre("", "f"));
  EXPECT_EQ(receive(connection, wire::SendTree{.path = "way/dir/f"}).content.at(""), "inside");
  const auto leads_out = Refused(ErrorCode::kFailedPrecondition,
                                 HasSubstr("workspace path must stay inside /workspace"));
  for (const char* path : {"etc/passwd", "real/out/.pyro", "way/out/x"}) {
    EXPECT_THAT(refusal(connection, wire::ReadPart{.path = path}), leads_out) << path;
    EXPECT_THAT(refusal(connection, wire::ListTree{.path = path}), leads_out) << path;
    EXPECT_THAT(refusal(connection, wire::SendTree{.path = path}), leads_out) << path;
  }
}

TEST_F(FilesTest, paths_that_are_no_paths_in_a_tree_are_refused) {
  auto connection = files();
  put("a/b", "");
  const auto refused =
      Refused(ErrorCode::kInvalidArgument, HasSubstr("workspace path must stay inside /workspace"));
  for (const char* path : {"..", "a/../b", "/etc/passwd", "a//b", "a/", "./a", "."}) {
    EXPECT_THAT(refusal(connection, wire::ReadPart{.path = path}), refused) << path;
    EXPECT_THAT(refusal(connection, wire::ReplaceFile{.path = path}), refused) << path;
    EXPECT_THAT(refusal(connection, wire::ListTree{.path = path}), refused) << path;
    EXPECT_THAT(refusal(connection, wire::ScanTree{.path = path}), refused) << path;
    EXPECT_THAT(refusal(connection, wire::SendTree{.path = path}), refused) << path;
    EXPECT_THAT(refusal(connection, wire::SendFiles{.paths = {path}}), refused) << path;
    EXPECT_THAT(refusal(connection, wire::BeginChange{.destination = path}), refused) << path;
  }
  EXPECT_THAT(refusal(connection, wire::ReadPart{.path = std::string("a\0b", 3)}),
              Refused(ErrorCode::kInvalidArgument));
}

TEST_F(FilesTest, a_file_is_replaced_as_a_whole_and_keeps_its_mode) {
  auto connection = files();
  ask(connection, wire::ReplaceFile{.path = "a/b/new", .content = {"first"}});
  EXPECT_EQ(read_file(tree() / "a/b/new"), "first");
  EXPECT_EQ(look(tree() / "a/b/new").st_mode & 07777U, 0644U);
  EXPECT_EQ(look(tree() / "a/b").st_mode & 07777U, 0755U);
  fs::permissions(tree() / "a/b/new", fs::perms(0751));
  fs::create_hard_link(tree() / "a/b/new", tree() / "other");
  ask(connection, wire::ReplaceFile{.path = "a/b/new", .content = {"2"}});
  EXPECT_EQ(read_file(tree() / "a/b/new"), "2");
  EXPECT_EQ(read_file(tree() / "other"), "first") << "it was written in place";
  EXPECT_EQ(look(tree() / "a/b/new").st_mode & 07777U, 0751U);
  EXPECT_TRUE(fs::is_empty(own() / "staging"));
}

TEST_F(FilesTest, what_is_no_regular_file_is_not_replaced) {
  auto connection = files();
  put("d/f", "kept");
  fs::create_symlink("d/f", tree() / "link");
  fs::create_symlink("d", tree() / "way");
  ASSERT_EQ(::mkfifo((tree() / "fifo").c_str(), 0600), 0);
  for (const char* path : {"d", "link", "fifo"}) {
    EXPECT_THAT(refusal(connection, wire::ReplaceFile{.path = path}),
                Refused(ErrorCode::kFailedPrecondition,
                        "workspace file write only supports regular files: /workspace/" +
                            std::string(path)));
  }
  for (const char* path : {"way/f", "d/f/x", "d/f/x/y", "way/new/y"}) {
    EXPECT_THAT(refusal(connection, wire::ReplaceFile{.path = path}),
                Refused(ErrorCode::kFailedPrecondition,
                        "workspace path must not pass through a symlink or file: /workspace/" +
                            std::string(path)));
  }
  EXPECT_EQ(read_file(tree() / "d/f"), "kept");
  EXPECT_TRUE(fs::is_empty(own() / "staging"));
}

}  // namespace
}  // namespace pyro::agent
