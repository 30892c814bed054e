#include "common/tree/write.h"

#include <gmock/gmock.h>

#include "tests/support/errors.h"
#include "tests/unit/tree/tree_support.h"

namespace pyro::tree {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using pyro::testing::TestDirectory;
namespace fs = std::filesystem;

class WriterTest : public ::testing::Test {
 protected:
  WriterTest() : parent_(open_directory(directory_.path())) {}

  /// The first refusal on the way, finish() included.
  std::optional<Error> refusal(Trust trust, const std::vector<Entry>& entries,
                               WriterLimits limits = {}) {
    return error_of([&] {
      Writer writer(parent_.get(), "to", trust, limits);
      for (const Entry& entry : entries) {
        writer.entry(entry);
        if (entry.kind != EntryKind::kFile) continue;
        writer.data("content");
        writer.end_file();
      }
      writer.finish();
    });
  }
  fs::path to() const { return directory_ / "to"; }

  TestDirectory directory_;
  UniqueFd parent_;
};

TEST_F(WriterTest, a_file_alone_becomes_the_name_itself) {
  EXPECT_EQ(refusal(Trust::kHost, {file("")}), std::nullopt);
  EXPECT_EQ(read_file(to()), "content");
}

TEST_F(WriterTest, a_link_alone_becomes_the_name_itself) {
  EXPECT_EQ(refusal(Trust::kHost, {symlink("", "there")}), std::nullopt);
  EXPECT_EQ(fs::read_symlink(to()), "there");
}

TEST_F(WriterTest, entries_without_a_top_make_a_directory) {
  Writer writer(parent_.get(), "to", Trust::kHost);
  writer.entry(directory("a"));
  writer.finish();
  EXPECT_EQ(fs::status(to()).permissions(), fs::perms(0755));
  EXPECT_EQ(writer.top_kind(), EntryKind::kDirectory);
  EXPECT_EQ(writer.totals().entries, 1U);
  EXPECT_GT(look_at(parent_.get(), "to").mtime_ns, 1'000'000'000'000'000'000);
}

TEST_F(WriterTest, a_directory_that_its_owner_may_not_enter_is_filled_first) {
  Entry locked = directory("locked");
  locked.mode = 0;
  locked.mtime_ns = 1'234'567'891'234'567'891;
  EXPECT_EQ(refusal(Trust::kHost, {directory(""), locked, directory("locked/d"), file("locked/f")}),
            std::nullopt);
  EXPECT_EQ(look_at(parent_.get(), "to/locked").mode, 0U);
  EXPECT_EQ(look_at(parent_.get(), "to/locked").mtime_ns, locked.mtime_ns);
  fs::permissions(to() / "locked", fs::perms(0700));
  EXPECT_EQ(read_file(to() / "locked/f"), "content");
  EXPECT_EQ(look_at(parent_.get(), "to/locked/d").mode, 0755U);
}

TEST_F(WriterTest, what_is_for_the_host_loses_bits_that_give_rights) {
  Entry program = file("p");
  program.mode = 07755;
  Entry shared = directory("d");
  shared.mode = 07777;
  EXPECT_EQ(refusal(Trust::kHost, {program, shared}), std::nullopt);
  EXPECT_EQ(look_at(parent_.get(), "to/p").mode, 0755U);
  EXPECT_EQ(look_at(parent_.get(), "to/d").mode, 0777U);
  remove_tree(parent_.get(), "to");
  EXPECT_EQ(refusal(Trust::kKeep, {program, shared}), std::nullopt);
  EXPECT_EQ(look_at(parent_.get(), "to/p").mode, 07755U);
  EXPECT_EQ(look_at(parent_.get(), "to/d").mode, 07777U);
}

TEST_F(WriterTest, links_that_lead_out_are_refused_on_the_host_alone) {
  for (const char* target : {"/etc/passwd", "../..", "x/../../.."}) {
    EXPECT_THAT(refusal(Trust::kHost, {directory("d"), symlink("d/l", target)}),
                Refused(ErrorCode::kInvalidArgument, "symlink d/l escapes the workspace"));
    remove_tree(parent_.get(), "to");
    EXPECT_EQ(refusal(Trust::kKeep, {directory("d"), symlink("d/l", target)}), std::nullopt);
    EXPECT_EQ(fs::read_symlink(to() / "d/l"), target);
    remove_tree(parent_.get(), "to");
  }
  EXPECT_EQ(refusal(Trust::kHost, {directory("bin"), symlink("bin/l", "../lib/x")}), std::nullopt);
}

TEST_F(WriterTest, links_that_lead_out_by_way_of_each_other_are_refused_on_the_host) {
  EXPECT_THAT(
      refusal(Trust::kHost, {directory("d"), symlink("d/up", ".."), symlink("d/out", "up/..")}),
      Refused(ErrorCode::kInvalidArgument, "symlink d/out escapes the workspace"));
  remove_tree(parent_.get(), "to");
  EXPECT_EQ(refusal(Trust::kHost, {directory("d"), symlink("d/up", ".."), symlink("loop", "loop"),
                                   symlink("d/back", "up/d/../d")}),
            std::nullopt);
}

TEST_F(WriterTest, nothing_is_written_below_a_link) {
  fs::create_directory(directory_ / "outside");
  for (const Trust trust : {Trust::kKeep, Trust::kHost}) {
    EXPECT_THAT(refusal(trust, {directory("d"), symlink("l", "d"), file("l/f")}),
                Refused(ErrorCode::kInvalidArgument, "'l/f' comes without its directory"));
    remove_tree(parent_.get(), "to");
  }
  EXPECT_THAT(refusal(Trust::kKeep, {symlink("l", "../outside"), file("l/f")}),
              Refused(ErrorCode::kInvalidArgument));
  EXPECT_TRUE(fs::is_empty(directory_ / "outside"));
}

TEST_F(WriterTest, a_path_that_comes_twice_is_refused) {
  const std::vector<Entry> both[] = {{file("a"), file("a")},
                                     {symlink("a", "/x"), file("a")},
                                     {directory("a"), directory("a")},
                                     {file("a"), directory("a")},
                                     {directory("a"), symlink("a", "x")}};
  for (const auto& entries : both) {
    EXPECT_THAT(refusal(Trust::kKeep, entries),
                Refused(ErrorCode::kInvalidArgument, "path 'a' comes twice"));
    remove_tree(parent_.get(), "to");
  }
  EXPECT_THAT(refusal(Trust::kKeep, {directory(""), directory("")}),
              Refused(ErrorCode::kInvalidArgument, "path '.' comes twice"));
}

TEST_F(WriterTest, an_entry_without_its_directory_is_refused) {
  for (const auto& entries : std::vector<std::vector<Entry>>{{file("a/b")},
                                                             {file("a"), file("a/b")},
                                                             {file(""), file("b")},
                                                             {symlink("", "x"), file("b")}}) {
    EXPECT_THAT(refusal(Trust::kKeep, entries), Refused(ErrorCode::kInvalidArgument));
    remove_tree(parent_.get(), "to");
  }
}

TEST_F(WriterTest, paths_that_climb_are_refused) {
  for (const std::string path : {"..", "../x", "a/../../x", "/x", "a/"}) {
    EXPECT_THAT(refusal(Trust::kKeep, {file(path)}), Refused(ErrorCode::kInvalidArgument)) << path;
  }
  EXPECT_TRUE(fs::is_empty(directory_.path()));
  for (const std::string name : {"", ".", "..", "a/b", "/a"}) {
    EXPECT_THAT(error_of([&] { Writer(parent_.get(), name, Trust::kKeep); }),
                Refused(ErrorCode::kInvalidArgument));
    EXPECT_THAT(error_of([&] { remove_tree(parent_.get(), name); }),
                Refused(ErrorCode::kInvalidArgument));
  }
}

TEST_F(WriterTest, what_is_there_already_is_never_written_to) {
  put(to(), "mine");
  for (const Entry& first : {file(""), directory(""), symlink("", "x"), file("a")}) {
    EXPECT_THAT(refusal(Trust::kHost, {first}), Refused(ErrorCode::kAlreadyExists));
  }
  EXPECT_EQ(read_file(to()), "mine");
}

TEST_F(WriterTest, calls_out_of_order_are_refused) {
  Writer writer(parent_.get(), "to", Trust::kKeep);
  EXPECT_THAT(error_of([&] { writer.finish(); }), Refused(ErrorCode::kInvalidArgument));
  EXPECT_THAT(error_of([&] { writer.data("x"); }), Refused(ErrorCode::kInvalidArgument));
  EXPECT_THAT(error_of([&] { writer.end_file(); }), Refused(ErrorCode::kInvalidArgument));
  writer.entry(file("a"));
  EXPECT_THAT(error_of([&] { writer.entry(file("b")); }),
              Refused(ErrorCode::kInvalidArgument, "file 'a' has no end"));
  EXPECT_THAT(error_of([&] { writer.finish(); }), Refused(ErrorCode::kInvalidArgument));
  Entry absent = file("c");
  absent.kind = EntryKind::kAbsent;
  EXPECT_THAT(refusal(Trust::kKeep, {absent}), Refused(ErrorCode::kInvalidArgument));
}

TEST_F(WriterTest, devices_are_counted_and_not_made) {
  Entry fifo = file("fifo");
  fifo.kind = EntryKind::kOther;
  Writer writer(parent_.get(), "to", Trust::kKeep);
  writer.entry(directory(""));
  writer.entry(fifo);
  writer.finish();
  EXPECT_EQ(writer.totals().skipped, 1U);
  EXPECT_TRUE(fs::is_empty(to()));
}

TEST_F(WriterTest, limits_hold) {
  EXPECT_EQ(refusal(Trust::kKeep, {file("a"), file("b")}, {.entries = 2, .bytes = 14}),
            std::nullopt);
  remove_tree(parent_.get(), "to");
  EXPECT_THAT(refusal(Trust::kKeep, {file("a"), file("b")}, {.entries = 1}),
              Refused(ErrorCode::kResourceExhausted, "the tree has more than 1 entries"));
  remove_tree(parent_.get(), "to");
  EXPECT_THAT(refusal(Trust::kKeep, {file("a"), file("b")}, {.bytes = 13}),
              Refused(ErrorCode::kResourceExhausted));
  EXPECT_EQ(fs::file_size(to() / "b"), 0U);
}

}  // namespace
}  // namespace pyro::tree
