#include <gmock/gmock.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "common/tree/path.h"
#include "common/tree/write.h"
#include "tests/support/errors.h"
#include "tests/unit/tree/tree_support.h"

namespace pyro::tree {
namespace {

using pyro::testing::error_of;
using pyro::testing::TestDirectory;
namespace fs = std::filesystem;

/// Exchanges two names back and forth, as fast as it can, for as long as it lives.
class Swapper {
 public:
  Swapper(fs::path one, fs::path other)
      : thread_([this, one = std::move(one), other = std::move(other)] {
          while (!ended_) {
            if (::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) == 0) {
              ++swaps_;
            }
          }
        }) {}
  Swapper(const Swapper&) = delete;
  Swapper& operator=(const Swapper&) = delete;
  ~Swapper() {
    ended_ = true;
    thread_.join();
  }
  int swaps() const { return swaps_; }

 private:
  std::atomic<bool> ended_ = false;
  std::atomic<int> swaps_ = 0;
  std::thread thread_;
};

class SwapTest : public ::testing::Test {
 protected:
  SwapTest() {
    put(directory_ / "outside/d/secret", "secret");
    put(directory_ / "outside/file", "secret");
    fs::create_directory_symlink(directory_ / "outside", directory_ / "decoy");
  }
  TestDirectory directory_;
};

TEST_F(SwapTest, a_directory_that_becomes_a_link_never_leads_a_walk_out) {
  for (const char* name : {"a", "b", "c"}) put(directory_ / "top/swapped/d" / name, "inside");
  put(directory_ / "top/swapped/file", "inside");
  const UniqueFd top = open_directory(directory_ / "top");
  const Swapper swapper(directory_ / "top/swapped", directory_ / "decoy");
  int whole = 0;
  for (int round = 0; round < 3000 || swapper.swaps() < 1000 || whole == 0; ++round) {
    Keeper keeper;
    walk(top.get(), "", {}, keeper);
    for (const Kept& kept : keeper.kept) {
      ASSERT_NE(name_of(kept.entry.path), "secret");
      ASSERT_NE(kept.content, "secret");
    }
    if (keeper.kept.size() == 7) ++whole;
  }
}

TEST_F(SwapTest, a_directory_that_becomes_a_link_never_leads_a_writer_out) {
  const UniqueFd parent = open_directory(directory_.path());
  int refused = 0;
  for (int round = 0; round < 100 || refused == 0; ++round) {
    remove_tree(parent.get(), "to");
    Writer writer(parent.get(), "to", Trust::kHost);
    writer.entry(tree::directory("swapped"));
    writer.entry(tree::directory("swapped/d"));
    const Swapper swapper(directory_ / "to/swapped", directory_ / "decoy");
    const auto error = error_of([&] {
      for (int i = 0; i < 20; ++i) {
        writer.entry(file(fmt::format("swapped/d/{}", i)));
        writer.end_file();
        writer.entry(file(fmt::format("swapped/{}", i)));
        writer.end_file();
      }
      writer.finish();
    });
    if (error) ++refused;
  }
  EXPECT_THAT(kept_of(directory_ / "outside").size(), 4U);
}

TEST_F(SwapTest, a_directory_that_becomes_a_link_never_leads_a_removal_out) {
  const UniqueFd parent = open_directory(directory_.path());
  for (int round = 0; round < 100; ++round) {
    for (const char* name : {"a", "b", "c"}) put(directory_ / "top/swapped/d" / name, "inside");
    {
      const Swapper swapper(directory_ / "top/swapped", directory_ / "decoy");
      error_of([&] { remove_tree(parent.get(), "top"); });
    }
    ASSERT_EQ(kept_of(directory_ / "outside").size(), 4U);
    remove_tree(parent.get(), "top");
    remove_tree(parent.get(), "decoy");
    fs::create_directory_symlink(directory_ / "outside", directory_ / "decoy");
  }
}

}  // namespace
}  // namespace pyro::tree
