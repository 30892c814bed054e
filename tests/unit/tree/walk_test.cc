#include "common/tree/walk.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>

#include "common/tree/path.h"
#include "common/tree/write.h"
#include "tests/support/as_nobody.h"
#include "tests/support/errors.h"
#include "tests/unit/tree/tree_support.h"

namespace pyro::tree {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using pyro::testing::TestDirectory;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Walk, names_come_sorted_by_their_bytes_and_directories_before_what_is_in_them) {
  const TestDirectory directory;
  for (const std::string_view path : {"b/x", "b-", "a", "Z", "b/a/deep", "\xff", "c"}) {
    put(directory / path, "");
  }
  Keeper keeper;
  const Totals totals = walk(open_directory(directory.path()).get(), "", {}, keeper);
  EXPECT_THAT(keeper.paths(),
              ElementsAre("", "Z", "a", "b", "b/a", "b/a/deep", "b/x", "b-", "c", "\xff"));
  EXPECT_EQ(totals.entries, 9U);
}

TEST(Walk, begins_where_it_was_told_to) {
  const TestDirectory directory;
  put(directory / "a/b/c/file", "content");
  Keeper keeper;
  walk(open_directory(directory.path()).get(), "a/b", {}, keeper);
  EXPECT_THAT(keeper.paths(), ElementsAre("", "c", "c/file"));
  EXPECT_EQ(keeper.kept.back().content, "content");
}

TEST(Walk, a_time_beyond_the_year_2262_is_not_one_of_the_past) {
  const TestDirectory directory;
  put(directory / "file", "");
  const std::array<timespec, 2> year_2300 = {
      {{.tv_sec = 10'413'792'000}, {.tv_sec = 10'413'792'000}}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (directory / "file").c_str(), year_2300.data(), 0), 0);
  EXPECT_GT(kept_of(directory.path(), "file").at(0).entry.mtime_ns, 9'000'000'000'000'000'000);
}

TEST(Walk, of_a_file_or_a_link_is_that_alone) {
  const TestDirectory directory;
  put(directory / "d/file", "content");
  std::filesystem::create_symlink("file", directory / "d/link");
  const std::vector<Kept> kept = kept_of(directory.path(), "d/file");
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].entry.path, "");
  EXPECT_EQ(kept[0].content, "content");
  EXPECT_TRUE(kept[0].ended);
  const std::vector<Kept> link = kept_of(directory.path(), "d/link");
  ASSERT_EQ(link.size(), 1U);
  EXPECT_EQ(link[0].entry.link_target, "file");
  Keeper keeper;
  EXPECT_EQ(walk(open_directory(directory.path()).get(), "d/file", {}, keeper).entries, 1U);
}

TEST(Walk, without_content_gives_entries_and_counts_sizes) {
  const TestDirectory directory;
  put(directory / "file", "12345");
  Keeper keeper;
  const Totals totals =
      walk(open_directory(directory.path()).get(), "", {.content = Content::kWithout}, keeper);
  EXPECT_EQ(totals.bytes, 5U);
  EXPECT_EQ(keeper.kept.back().entry.size, 5U);
  EXPECT_FALSE(keeper.kept.back().ended);
}

TEST(Walk, files_with_the_known_ctime_are_named_and_not_read) {
  const TestDirectory directory;
  put(directory / "a", "known");
  const UniqueFd top = open_directory(directory.path());
  const std::int64_t known = look_at(top.get(), "a").ctime_ns;
  do {
    put(directory / "b", "other");
  } while (look_at(top.get(), "b").ctime_ns == known);
  Keeper keeper;
  const Totals totals = walk(top.get(), "", {.known_ctime_ns = known}, keeper);
  EXPECT_THAT(keeper.paths(), ElementsAre("", "a", "b"));
  EXPECT_EQ(keeper.kept.at(1).content, "");
  EXPECT_FALSE(keeper.kept.at(1).ended);
  EXPECT_EQ(keeper.kept.at(2).content, "other");
  EXPECT_EQ(totals.bytes, 10U);
}

TEST(Walk, that_does_not_recurse_lists_one_directory) {
  const TestDirectory directory;
  put(directory / "d/file", "");
  put(directory / "e", "");
  Keeper keeper;
  walk(open_directory(directory.path()).get(), "", {.recursive = Recursive::kNo}, keeper);
  EXPECT_THAT(keeper.paths(), ElementsAre("", "d", "e"));
}

TEST(Walk, what_is_not_wanted_is_left_out_with_all_below_it) {
  const TestDirectory directory;
  put(directory / "d/.git/config", "");
  put(directory / "d/file", "");
  Keeper keeper;
  const auto wanted = [](const Entry& entry) { return name_of(entry.path) != ".git"; };
  walk(open_directory(directory.path()).get(), "", {.wanted = wanted}, keeper);
  EXPECT_THAT(keeper.paths(), ElementsAre("", "d", "d/file"));
}

TEST(Walk, sockets_and_fifos_are_named_and_never_opened) {
  const TestDirectory directory;
  ASSERT_EQ(::mkfifo((directory / "fifo").c_str(), 0600), 0);
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (directory / "socket").string().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  Keeper keeper;
  const Totals totals = walk(open_directory(directory.path()).get(), "", {}, keeper);
  EXPECT_EQ(totals.skipped, 2U);
  EXPECT_EQ(totals.entries, 0U);
  ASSERT_EQ(keeper.paths(), (std::vector<std::string>{"", "fifo", "socket"}));
  EXPECT_EQ(keeper.kept[1].entry.kind, EntryKind::kOther);
  EXPECT_FALSE(keeper.kept[1].ended);
}

TEST(Walk, links_are_given_and_not_followed) {
  const TestDirectory directory;
  put(directory / "outside/secret", "");
  std::filesystem::create_directory(directory / "top");
  std::filesystem::create_directory_symlink(directory / "outside", directory / "top/link");
  const UniqueFd top = open_directory(directory / "top");
  EXPECT_THAT(kept_of(directory / "top").size(), 2U);
  Keeper keeper;
  EXPECT_THAT(error_of([&] { walk(top.get(), "link/secret", {}, keeper); }),
              Refused(ErrorCode::kNotFound, "'link/secret' does not exist"));
  EXPECT_EQ(look_at(top.get(), "link/secret").kind, EntryKind::kAbsent);
}

TEST(Walk, a_path_that_is_none_is_refused) {
  const TestDirectory directory;
  const UniqueFd top = open_directory(directory.path());
  Keeper keeper;
  for (const std::string path : {"..", "/etc", "a/../../etc", "a//b"}) {
    EXPECT_THAT(error_of([&] { walk(top.get(), path, {}, keeper); }),
                Refused(ErrorCode::kInvalidArgument));
    EXPECT_THAT(error_of([&] { look_at(top.get(), path); }), Refused(ErrorCode::kInvalidArgument));
  }
  EXPECT_THAT(error_of([&] { walk(top.get(), "none", {}, keeper); }),
              Refused(ErrorCode::kNotFound, "'none' does not exist"));
}

TEST(Walk, what_cannot_be_read_is_named) {
  const TestDirectory directory;
  put(directory / "top/d/locked\n", "secret");
  put(directory / "top/e/locked/file", "secret");
  const UniqueFd top = open_directory(directory.path());
  ASSERT_EQ(::fchmod(top.get(), 0755), 0);
  const auto refusal = [&top] {
    const pyro::testing::AsNobody nobody;
    Keeper keeper;
    return error_of([&] { walk(top.get(), "top", {}, keeper); });
  };
  ASSERT_EQ(::chmod((directory / "top/d/locked\n").c_str(), 0), 0);
  EXPECT_THAT(refusal(), Refused(ErrorCode::kInternal, "open 'd/locked\n': Permission denied"));
  std::filesystem::remove(directory / "top/d/locked\n");
  ASSERT_EQ(::chmod((directory / "top/e/locked").c_str(), 0), 0);
  EXPECT_THAT(refusal(), Refused(ErrorCode::kInternal, "open 'e/locked': Permission denied"));
  ASSERT_EQ(::chmod((directory / "top/e/locked").c_str(), 0644), 0);
  EXPECT_THAT(refusal(), Refused(ErrorCode::kInternal, "stat 'e/locked/file': Permission denied"));
  ASSERT_EQ(::chmod((directory / "top/e/locked").c_str(), 0700), 0);
}

TEST(Walk, its_check_ends_it) {
  const TestDirectory directory;
  put(directory / "a", std::string(1 << 20, 'x'));
  int calls = 0;
  const auto check = [&calls] {
    if (++calls == 5) throw cancelled("stopped");
  };
  Keeper keeper;
  const UniqueFd top = open_directory(directory.path());
  EXPECT_THAT(error_of([&] { walk(top.get(), "", {.check = check}, keeper); }),
              Refused(ErrorCode::kCancelled));
  EXPECT_EQ(keeper.kept.back().content.size(), 4U * 65536U);
}

/// Changes the file that is walked while it is.
class Changer : public Keeper {
 public:
  explicit Changer(std::function<void(const Entry&)> change) : change_(std::move(change)) {}
  void entry(const Entry& entry) override {
    Keeper::entry(entry);
    change_(entry);
  }
  void data(std::string_view bytes) override {
    Keeper::data(bytes);
    change_(kept.back().entry);
  }

 private:
  std::function<void(const Entry&)> change_;
};

TEST(Walk, a_file_that_grows_is_read_to_the_size_that_it_had) {
  const TestDirectory directory;
  put(directory / "log", "begin");
  Changer changer([&](const Entry& entry) {
    if (entry.path == "log") std::ofstream(directory / "log", std::ios::app) << "more";
  });
  walk(open_directory(directory.path()).get(), "", {}, changer);
  EXPECT_EQ(changer.kept.back().content, "begin");
}

TEST(Walk, a_file_that_shrinks_ends_early) {
  const TestDirectory directory;
  put(directory / "log", std::string(200'000, 'x'));
  Changer changer([&](const Entry& entry) {
    if (entry.path == "log") std::filesystem::resize_file(directory / "log", 70'000);
  });
  walk(open_directory(directory.path()).get(), "", {}, changer);
  EXPECT_EQ(changer.kept.back().content.size(), 70'000U);
  EXPECT_TRUE(changer.kept.back().ended);
}

TEST(Walk, what_vanishes_meanwhile_is_left_out) {
  const TestDirectory directory;
  put(directory / "a", "");
  put(directory / "b", "");
  put(directory / "c/file", "");
  put(directory / "d/e/f", "");
  put(directory / "d/g", "");
  put(directory / "h", "");
  Changer changer([&](const Entry& entry) {
    if (entry.path == "a") std::filesystem::remove(directory / "b");
    if (entry.path == "c") std::filesystem::remove_all(directory / "c");
    if (entry.path == "d/e/f") std::filesystem::remove_all(directory / "d");
  });
  walk(open_directory(directory.path()).get(), "", {}, changer);
  EXPECT_THAT(changer.paths(), ElementsAre("", "a", "c", "d", "d/e", "d/e/f", "h"));
}

TEST(Walk, a_fifo_that_takes_a_files_place_does_not_block_it) {
  const TestDirectory directory;
  put(directory / "a", "");
  put(directory / "b", "");
  const auto swap = [&](const Entry& entry) {
    if (entry.path != "b") return true;
    std::filesystem::remove(directory / "b");
    return ::mkfifo((directory / "b").c_str(), 0600) == 0;
  };
  Keeper keeper;
  walk(open_directory(directory.path()).get(), "", {.wanted = swap}, keeper);
  EXPECT_THAT(keeper.paths(), ElementsAre("", "a"));
}

TEST(Walk, two_thousand_levels_need_one_descriptor_and_no_stack) {
  const TestDirectory directory;
  const UniqueFd top = open_directory(directory.path());
  {
    Writer writer(top.get(), "deep", Trust::kHost);
    std::string path = "d";
    for (int level = 0; level < 2000; ++level, path += "/d") writer.entry(tree::directory(path));
    writer.entry(file(path));
    writer.end_file();
    writer.finish();
  }
  struct Highest : Keeper {
    void entry(const Entry& entry) override {
      Keeper::entry(entry);
      ++entries;
      const UniqueFd next(::dup(top));
      highest = std::max(highest, next.get());
    }
    int top = -1;
    int entries = 0;
    int highest = 0;
  } keeper;
  keeper.top = top.get();
  walk(top.get(), "deep", {}, keeper);
  EXPECT_EQ(keeper.entries, 2002);
  EXPECT_LE(keeper.highest, top.get() + 3);
  remove_tree(top.get(), "deep");
  EXPECT_FALSE(std::filesystem::exists(directory / "deep"));
}

TEST(LookAt, says_what_is_there_without_following_it) {
  const TestDirectory directory;
  put(directory / "d/file", "12345");
  std::filesystem::create_symlink("file", directory / "d/link");
  const UniqueFd top = open_directory(directory.path());
  const Entry file = look_at(top.get(), "d/file");
  EXPECT_EQ(file.kind, EntryKind::kFile);
  EXPECT_EQ(file.path, "d/file");
  EXPECT_EQ(file.size, 5U);
  EXPECT_NE(file.inode, 0U);
  EXPECT_NE(file.ctime_ns, 0);
  EXPECT_EQ(look_at(top.get(), "d/link").link_target, "file");
  EXPECT_EQ(look_at(top.get(), "").kind, EntryKind::kDirectory);
  EXPECT_EQ(look_at(top.get(), "d").kind, EntryKind::kDirectory);
  EXPECT_EQ(look_at(top.get(), "none").kind, EntryKind::kAbsent);
  EXPECT_EQ(look_at(top.get(), "none/below").kind, EntryKind::kAbsent);
  EXPECT_EQ(look_at(top.get(), "d/file/below").kind, EntryKind::kAbsent);
}

}  // namespace
}  // namespace pyro::tree
