#include <random>
#include <set>

#include "tests/unit/volume/volume_fixture.h"

namespace pyro::volume {
namespace {

/// A tree that a seed determines.
class RandomTree {
 public:
  explicit RandomTree(std::uint32_t seed) : random_(seed) {
    items_.push_back(directory("", mode(), mtime()));
    std::vector<std::string> directories{""};
    const std::uint32_t entries = below(600);
    for (std::uint32_t i = 0; i < entries; ++i) {
      const std::string& parent = directories[below(directories.size())];
      const std::string path = (parent.empty() ? "" : parent + "/") + name();
      if (path.size() > tree::kMaxPathBytes || !paths_.insert(path).second) continue;
      const std::uint32_t kind = below(8);
      if (kind == 0) {
        items_.push_back(directory(path, mode(), mtime()));
        directories.push_back(path);
      } else if (kind == 1) {
        items_.push_back(
            symlink(path, std::string(1 + below(below(2) == 0 ? 70 : 4095), 't'), mtime()));
      } else {
        items_.push_back(regular(path, content(), mode(), mtime()));
      }
    }
  }

  const std::vector<Item>& items() const { return items_; }

 private:
  std::uint32_t below(std::size_t limit) { return static_cast<std::uint32_t>(random_() % limit); }
  std::uint32_t mode() { return below(010000); }
  std::int64_t mtime() {
    return (static_cast<std::int64_t>(below(1U << 31U)) * 5 - (std::int64_t{1} << 31U)) * kSecond +
           below(1'000'000'000);
  }

  std::string name() {
    std::string out(1 + below(below(4) == 0 ? 255 : 20), '\0');
    for (char& c : out) {
      do {
        c = static_cast<char>(below(256));
      } while (c == '/' || c == '\0' || c == '.');
    }
    return out;
  }

  std::string content() {
    std::string out(below(below(10) == 0 ? 700'000 : 9000), '\0');
    for (std::size_t at = 0; at < out.size();) {
      const std::size_t length = std::min<std::size_t>(1 + below(200'000), out.size() - at);
      const bool zeros = below(3) == 0;
      for (std::size_t end = at + length; at < end; ++at) {
        if (!zeros) out[at] = static_cast<char>(below(256));
      }
    }
    return out;
  }

  std::mt19937 random_;
  std::vector<Item> items_;
  std::set<std::string> paths_;
};

class RandomVolume : public Volume, public ::testing::WithParamInterface<std::uint32_t> {};

TEST_P(RandomVolume, is_sound_and_holds_what_was_written) {
  const RandomTree tree(GetParam());
  write(tree.items());
  expect_holds(tree.items());
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomVolume, ::testing::Range(0U, 30U));

}  // namespace
}  // namespace pyro::volume
