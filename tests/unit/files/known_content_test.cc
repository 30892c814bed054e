#include "services/files/known_content.h"

#include <gmock/gmock.h>

#include "services/files/seed.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"
#include "tests/unit/files/host_tree.h"

namespace pyro {
namespace {

using testing::Refused;
using testing::text_file;
using tree::Entry;
using tree::EntryKind;

/// Keeps what passed: content by path, holes as `(n)`.
struct Passed : tree::Sink {
  void entry(const Entry& entry) override { path = entry.path; }
  void data(std::string_view bytes) override { content[path] += bytes; }
  void hole(std::uint64_t bytes) override { content[path] += "(" + std::to_string(bytes) + ")"; }
  void end_file() override {
    content[path];
    ++ended;
  }

  std::string path;
  std::map<std::string, std::string> content;
  int ended = 0;
};

class KnownContentTest : public ::testing::Test {
 protected:
  KnownContentTest() {
    const std::string holes = std::string(1U << 20U, '\0') + "end";
    testing::write_tree(
        directory_ / "seed",
        {{"d/one", text_file("1\n")}, {"empty", text_file("")}, {"sparse", text_file(holes)}});
    files::build_volume(directory_ / "cache", directory_.path(),
                        {.volume = volume().string(), .seed_path = (directory_ / "seed").string()},
                        work_);
    baseline_.emplace(volume());
  }

  std::filesystem::path volume() const { return directory_ / "baseline.ext4"; }
  Entry known(const std::string& path) const { return baseline_->find(path); }

  std::optional<Error> refusal(const Entry& entry) {
    files::KnownContent whole(volume(), passed_, work_);
    return testing::error_of([&] {
      whole.entry(entry);
      whole.finish();
    });
  }

  testing::TestDirectory directory_;
  Work work_ = testing::work_for(std::chrono::seconds(30));
  std::optional<volume::VolumeReader> baseline_;
  Passed passed_;
};

TEST_F(KnownContentTest, of_a_file_that_comes_without_any_is_that_of_the_baseline) {
  files::KnownContent whole(volume(), passed_, work_);
  EXPECT_EQ(whole.ctime_ns(), baseline_->unchanged_ctime_ns());
  whole.entry({.path = "", .kind = EntryKind::kDirectory});
  Entry moved = known("d/one");
  moved.path = "elsewhere/of another name";
  whole.entry(moved);
  whole.entry(known("empty"));
  whole.entry(known("sparse"));
  whole.finish();
  EXPECT_EQ(passed_.content,
            (std::map<std::string, std::string>{
                {"elsewhere/of another name", "1\n"}, {"empty", ""}, {"sparse", "(1048576)end"}}));
  EXPECT_EQ(passed_.ended, 3);
}

TEST_F(KnownContentTest, is_not_taken_for_a_file_whose_content_comes) {
  files::KnownContent whole(volume(), passed_, work_);
  Entry changed = known("d/one");
  ++changed.ctime_ns;
  whole.entry(changed);
  whole.data("new");
  whole.end_file();
  whole.entry(known("empty"));
  whole.end_file();
  whole.finish();
  EXPECT_EQ(passed_.content, (std::map<std::string, std::string>{{"d/one", "new"}, {"empty", ""}}));
  EXPECT_EQ(passed_.ended, 2);
}

TEST_F(KnownContentTest, of_a_lost_baseline_is_none) {
  for (const std::filesystem::path& lost : {std::filesystem::path(), directory_ / "nowhere"}) {
    EXPECT_EQ(files::KnownContent(lost, passed_, work_).ctime_ns(), std::nullopt) << lost;
  }
}

/// A guest may say what it likes: the journal (inode 8) is a regular file as well.
TEST_F(KnownContentTest, of_what_the_baseline_does_not_hold_is_refused) {
  const Entry real = known("d/one");
  for (const std::uint64_t inode :
       {std::uint64_t{0}, std::uint64_t{2}, std::uint64_t{8}, known("d").inode,
        std::uint64_t{100'000}, real.inode + (std::uint64_t{1} << 32U), ~std::uint64_t{0}}) {
    Entry other = real;
    other.inode = inode;
    EXPECT_THAT(refusal(other), Refused(ErrorCode::kNotFound)) << inode;
  }
  Entry longer = real;
  ++longer.size;
  EXPECT_THAT(refusal(longer), Refused(ErrorCode::kNotFound));
  Entry changed = real;
  ++changed.ctime_ns;
  EXPECT_THAT(refusal(changed), Refused(ErrorCode::kInternal));
  EXPECT_EQ(passed_.ended, 0);
}

}  // namespace
}  // namespace pyro
