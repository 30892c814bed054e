#include "services/files/archive.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/support/errors.h"
#include "tests/unit/files/tar_bytes.h"
#include "tests/unit/tree/tree_support.h"

namespace pyro::files {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using pyro::testing::TestDirectory;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using tree::EntryKind;
using tree::Keeper;

class ArchiveTest : public ::testing::Test {
 protected:
  void write(const std::vector<TarMember>& members) {
    std::string bytes;
    for (const TarMember& member : members) bytes += tar_bytes(member);
    tree::put(archive(), bytes + std::string(1024, '\0'));
  }
  tree::Totals read(std::uint64_t limit = ~std::uint64_t{0}) {
    keeper_.kept.clear();
    return read_archive(
        archive(), [] {}, keeper_, limit);
  }
  /// The refusal; it is a defect when the sink was given anything before it.
  std::optional<Error> refusal(const std::vector<TarMember>& members) {
    write(members);
    const auto error = error_of([&] { read(); });
    EXPECT_THAT(keeper_.paths(), IsEmpty());
    return error;
  }
  std::filesystem::path archive() const { return directory_ / "a.tar"; }

  TestDirectory directory_;
  Keeper keeper_;
};

TEST(ArchiveName, says_what_is_an_archive) {
  for (const char* name : {"a.tar", "/x/b.tar.gz", "c.tgz", "with space.x.tar"}) {
    EXPECT_TRUE(is_archive_name(name)) << name;
  }
  for (const char* name : {"a", "a.gz", "tar", "a.tar.xz", "a.tar/", "a.zip", "a.tar.gz.txt"}) {
    EXPECT_FALSE(is_archive_name(name)) << name;
  }
}

TEST_F(ArchiveTest, members_come_with_content_modes_and_times) {
  write({{.name = "d/", .type = '5', .mode = 02750},
         {.name = "d/f", .content = "hello", .mode = 04755, .mtime = 12},
         {.name = "d/l", .type = '2', .link = "../d/f", .mode = 0777},
         {.name = "e/", .type = '5', .mode = 0700}});
  const tree::Totals totals = read();
  EXPECT_EQ(totals.entries, 4U);
  EXPECT_EQ(totals.bytes, 5U);
  ASSERT_THAT(keeper_.paths(), ElementsAre("", "d", "d/f", "d/l", "e"));
  EXPECT_EQ(keeper_.kept[0].entry.mode, 0755U);
  EXPECT_EQ(keeper_.kept[1].entry.kind, EntryKind::kDirectory);
  EXPECT_EQ(keeper_.kept[1].entry.mode, 02750U);
  EXPECT_EQ(keeper_.kept[2].entry.mode, 04755U);
  EXPECT_EQ(keeper_.kept[2].entry.mtime_ns, 12'000'000'000);
  EXPECT_EQ(keeper_.kept[2].entry.size, 5U);
  EXPECT_EQ(keeper_.kept[2].content, "hello");
  EXPECT_TRUE(keeper_.kept[2].ended);
  EXPECT_EQ(keeper_.kept[3].entry.link_target, "../d/f");
  EXPECT_FALSE(keeper_.kept[3].ended);
}

TEST_F(ArchiveTest, names_are_made_clean_and_the_top_is_skipped) {
  write({{.name = "./", .type = '5'},
         {.name = ".", .type = '5'},
         {.name = "./a"},
         {.name = "b//./c///", .type = '5'}});
  EXPECT_EQ(read().entries, 3U);
  EXPECT_THAT(keeper_.paths(), ElementsAre("", "a", "b", "b/c"));
}

TEST_F(ArchiveTest, parents_that_it_does_not_name_are_given) {
  write({{.name = "a/b/f", .mtime = 77}, {.name = "a/g", .mtime = 78}});
  read();
  ASSERT_THAT(keeper_.paths(), ElementsAre("", "a", "a/b", "a/b/f", "a/g"));
  EXPECT_EQ(keeper_.kept[1].entry.mode, 0755U);
  EXPECT_EQ(keeper_.kept[1].entry.mtime_ns, 77'000'000'000);
}

TEST_F(ArchiveTest, a_directory_that_comes_behind_its_content_keeps_its_mode) {
  write({{.name = "a/f"}, {.name = "a", .type = '5', .mode = 0500, .mtime = 5}});
  read();
  ASSERT_THAT(keeper_.paths(), ElementsAre("", "a", "a/f"));
  EXPECT_EQ(keeper_.kept[1].entry.mode, 0500U);
  EXPECT_EQ(keeper_.kept[1].entry.mtime_ns, 5'000'000'000);
}

TEST_F(ArchiveTest, of_a_path_that_comes_twice_the_last_counts) {
  write({{.name = "f", .content = "first"},
         {.name = "l", .type = '2', .link = "one"},
         {.name = "d", .type = '5', .mode = 0700},
         {.name = "./f", .content = "second"},
         {.name = "l", .type = '2', .link = "other"},
         {.name = "d/", .type = '5', .mode = 0711}});
  EXPECT_EQ(read().bytes, 6U);
  ASSERT_THAT(keeper_.paths(), ElementsAre("", "f", "l", "d"));
  EXPECT_EQ(keeper_.kept[1].content, "second");
  EXPECT_EQ(keeper_.kept[2].entry.link_target, "other");
  EXPECT_EQ(keeper_.kept[3].entry.mode, 0711U);
}

TEST_F(ArchiveTest, an_empty_archive_is_an_empty_tree) {
  write({});
  EXPECT_EQ(read().entries, 0U);
  EXPECT_THAT(keeper_.paths(), ElementsAre(""));
}

TEST_F(ArchiveTest, paths_that_lead_elsewhere_are_refused) {
  const TarMember good{.name = "good", .content = "x"};
  EXPECT_THAT(refusal({good, {.name = "/etc/passwd"}}),
              Refused(ErrorCode::kInvalidArgument,
                      "absolute archive member paths are not allowed: /etc/passwd"));
  EXPECT_THAT(
      refusal({good, {.name = "/", .type = '5'}}),
      Refused(ErrorCode::kInvalidArgument, "absolute archive member paths are not allowed: /"));
  for (const char* name : {"..", "../x", "a/../../x", "a/..", "a/../b"}) {
    EXPECT_THAT(
        refusal({good, {.name = name}}),
        Refused(ErrorCode::kInvalidArgument, std::string("unsafe archive member path: ") + name))
        << name;
  }
  EXPECT_THAT(refusal({good, {.name = ""}}),
              Refused(ErrorCode::kInvalidArgument, "archive member path is empty"));
}

TEST_F(ArchiveTest, members_of_other_types_are_refused) {
  EXPECT_THAT(
      refusal({{.name = "f"}, {.name = "h", .type = '1', .link = "f"}}),
      Refused(ErrorCode::kInvalidArgument, "hard links are not allowed in workspace archives: h"));
  for (const char type : {'3', '4', '6'}) {
    EXPECT_THAT(refusal({{.name = "f"}, {.name = "device", .type = type}}),
                Refused(ErrorCode::kInvalidArgument, "unsupported archive member type: device"))
        << type;
  }
}

TEST_F(ArchiveTest, links_that_lead_out_are_refused) {
  const auto link = [](std::string name, std::string target) {
    return TarMember{.name = std::move(name), .type = '2', .link = std::move(target)};
  };
  EXPECT_THAT(refusal({link("d/l", "")}),
              Refused(ErrorCode::kInvalidArgument, "symlink d/l has an empty target"));
  for (const char* target : {"/etc/passwd", "../..", "../../x", "x/../../.."}) {
    EXPECT_THAT(refusal({{.name = "f"}, link("d/l", target)}),
                Refused(ErrorCode::kInvalidArgument, "symlink d/l escapes the workspace"));
  }
  EXPECT_EQ((write({link("bin/l", "../lib/x")}), read().entries), 2U);
}

TEST_F(ArchiveTest, nothing_goes_through_a_link) {
  const TarMember link{.name = "d/l", .type = '2', .link = "elsewhere"};
  for (const TarMember& through : {TarMember{.name = "d/l/f"}, TarMember{.name = "d/l/deep/er/f"},
                                   TarMember{.name = "d/l/x", .type = '5'},
                                   TarMember{.name = "d/l/x", .type = '2', .link = "y"}}) {
    EXPECT_THAT(refusal({link, through}),
                Refused(ErrorCode::kInvalidArgument,
                        "archive member would traverse through a symlinked path: " +
                            through.name.substr(0, through.name.find_last_not_of('/') + 1)));
  }
}

TEST_F(ArchiveTest, a_member_that_meets_another_type_is_refused) {
  const TarMember file{.name = "d/x"};
  const TarMember link{.name = "d/x", .type = '2', .link = "y"};
  const TarMember directory{.name = "d/x/", .type = '5'};
  const TarMember below{.name = "d/x/below"};
  const auto conflict = [](const std::string& kind) {
    return Refused(ErrorCode::kInvalidArgument,
                   ::testing::Eq(kind + " conflicts with existing path: d/x"));
  };
  EXPECT_THAT(refusal({directory, file}), conflict("file"));
  EXPECT_THAT(refusal({below, file}), conflict("file"));
  EXPECT_THAT(refusal({link, file}), conflict("file"));
  EXPECT_THAT(refusal({file, link}), conflict("symlink"));
  EXPECT_THAT(refusal({below, link}), conflict("symlink"));
  EXPECT_THAT(refusal({file, directory}), conflict("directory"));
  EXPECT_THAT(refusal({link, directory}), conflict("directory"));
  EXPECT_THAT(refusal({file, below}), conflict("directory"));
  EXPECT_THAT(refusal({{.name = "."}}),
              Refused(ErrorCode::kInvalidArgument, "file conflicts with existing path: ."));
}

TEST_F(ArchiveTest, names_that_no_file_system_takes_are_refused) {
  const std::string name(256, 'n');
  EXPECT_THAT(refusal({long_name("d/" + name), {.name = "short"}}),
              Refused(ErrorCode::kInvalidArgument,
                      ::testing::Eq("archive member name is longer than 255 bytes: " + name)));
  std::string path = "d";
  while (path.size() <= 4095) path += "/d";
  EXPECT_THAT(refusal({long_name(path), {.name = "short"}}),
              Refused(ErrorCode::kInvalidArgument,
                      StartsWith("archive member path is longer than 4095 bytes: d/d/")));
  const std::string most(255, 'n');
  write({long_name(most), {.name = "short"}});
  read();
  EXPECT_THAT(keeper_.paths(), ElementsAre("", most));
}

TEST_F(ArchiveTest, what_is_no_archive_is_refused) {
  const auto no_archive =
      Refused(ErrorCode::kInvalidArgument,
              ::testing::Matcher<const std::string&>(
                  StartsWith("'" + archive().string() + "' is not a readable tar archive: ")));
  for (const std::string& bytes : {std::string(), std::string("text\n"), std::string(5000, 'x')}) {
    tree::put(archive(), bytes);
    EXPECT_THAT(error_of([&] { read(); }), no_archive);
  }
  std::string damaged = tar_bytes({.name = "a", .content = "x"}) + tar_bytes({.name = "b"});
  damaged[1024 + 10] = 'z';
  tree::put(archive(), damaged + std::string(1024, '\0'));
  EXPECT_THAT(error_of([&] { read(); }), no_archive);
  tree::put(archive(), tar_bytes({.name = "a", .content = std::string(5000, 'x')}).substr(0, 2000));
  EXPECT_THAT(error_of([&] { read(); }), no_archive);
  std::filesystem::remove(archive());
  ASSERT_EQ(::mkfifo(archive().c_str(), 0600), 0);
  EXPECT_THAT(error_of([&] { read(); }), no_archive);
  std::filesystem::remove(archive());
  EXPECT_THAT(error_of([&] { read(); }), Refused(ErrorCode::kNotFound));
  EXPECT_THAT(keeper_.paths(), IsEmpty());
}

TEST_F(ArchiveTest, too_much_content_is_refused_by_what_the_headers_say) {
  write({{.name = "a", .content = "12345"}, {.name = "b", .content = "67890"}});
  EXPECT_EQ(read(10).bytes, 10U);
  EXPECT_THAT(error_of([&] { read(9); }), Refused(ErrorCode::kResourceExhausted));
  EXPECT_THAT(keeper_.paths(), IsEmpty());
}

TEST_F(ArchiveTest, its_check_ends_it) {
  write({{.name = "a"}, {.name = "b"}});
  int calls = 0;
  const auto check = [&calls] {
    if (++calls == 2) throw cancelled("stopped");
  };
  EXPECT_THAT(error_of([&] { read_archive(archive(), check, keeper_); }),
              Refused(ErrorCode::kCancelled));
  EXPECT_THAT(keeper_.paths(), IsEmpty());
}

/// Rewrites the archive once the first entry was given.
class Rewriter : public Keeper {
 public:
  explicit Rewriter(std::function<void()> rewrite) : rewrite_(std::move(rewrite)) {}
  void entry(const tree::Entry& entry) override {
    if (kept.empty()) rewrite_();
    Keeper::entry(entry);
  }

 private:
  std::function<void()> rewrite_;
};

TEST_F(ArchiveTest, one_that_changes_meanwhile_gets_nothing_past_the_checks) {
  const std::vector<TarMember> before = {{.name = "d/l", .type = '2', .link = "x"}, {.name = "f"}};
  const std::vector<std::vector<TarMember>> after = {
      {{.name = "d/l", .type = '2', .link = "../../x"}, {.name = "f"}},
      {{.name = "d/l", .type = '2', .link = "x"}, {.name = "d/l/f"}},
      {{.name = "d/l"}, {.name = "f"}},
      {{.name = "d/l", .type = '2', .link = "x"}},
      {{.name = "f"}, {.name = "/f"}}};
  for (const auto& members : after) {
    write(before);
    Rewriter rewriter([&] { write(members); });
    EXPECT_TRUE(error_of([&] {
      read_archive(
          archive(), [] {}, rewriter);
    }));
    for (const tree::Kept& kept : rewriter.kept) {
      EXPECT_NE(kept.entry.link_target, "../../x");
      EXPECT_THAT(kept.entry.path, ::testing::AnyOf("", "d", "d/l", "f"));
    }
  }
}

}  // namespace
}  // namespace pyro::files
