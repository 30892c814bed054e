#include <gmock/gmock.h>

#include <random>

#include "common/base/text.h"
#include "tests/support/temporary.h"
#include "tests/unit/files/host_tree.h"

namespace pyro {
namespace {

using testing::HostTree;
using tree::EntryKind;

/// Random trees that hold what patches find hard.
class TreeMaker {
 public:
  explicit TreeMaker(unsigned seed) : random_(seed) {}

  HostTree make() {
    HostTree tree;
    const std::size_t count = below(14);
    for (std::size_t i = 0; i < count; ++i) add(tree);
    return tree;
  }

  HostTree change(HostTree tree) {
    HostTree changed;
    for (auto& [path, side] : tree) {
      if (!fits(changed, path)) continue;
      switch (below(8)) {
        case 0:
          break;  // deleted
        case 1:
          changed[path] = thing();
          break;
        case 2:
          if (side.kind == EntryKind::kFile) side.mode ^= below(2) == 0 ? 0111U : 0022U;
          changed[path] = side;
          break;
        case 3:
        case 4:
          if (side.kind == EntryKind::kFile) side.content = edited(side.content);
          changed[path] = side;
          break;
        default:
          changed[path] = side;
      }
    }
    for (std::size_t i = below(5); i > 0; --i) add(changed);
    return changed;
  }

 private:
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }

  template <class T>
  const T& one_of(const std::vector<T>& all) {
    return all[below(all.size())];
  }

  /// Nothing of the tree is above or below the path.
  static bool fits(const HostTree& tree, const std::string& path) {
    for (const auto& [other, side] : tree) {
      if (path.starts_with(other + "/") || other.starts_with(path + "/")) return false;
    }
    return true;
  }

  void add(HostTree& tree) {
    std::string path = name();
    for (std::size_t depth = below(4); depth > 0; --depth) path = name() + "/" + path;
    if (fits(tree, path)) tree[path] = thing();
  }

  std::string name() {
    static const std::vector<std::string> names{
        "a",           "b",          "a-b",       "a.b",       "readme.txt",
        "with space",  "\"quoted\"", "new\nline", "tab\there", "back\\slash",
        "caf\xC3\xA9", "latin\xE9",  "-dash",     "trailing ", " leading",
        "dev",         "null",       "\x01\x7F",  "git~1",     ".gitattributes",
        ".gitignore",  "b/c/d",      "a:b",       "*",         "\xF0\x9F\x98\x80"};
    return one_of(names);
  }

  std::string lines() {
    static const std::vector<std::string> all{
        "int main() {\n",
        "}\n",
        "\n",
        "with crlf\r\n",
        "-- \n",
        "--- a/x\n",
        "+++ b/x\n",
        "@@ -1 +1 @@\n",
        "diff --git a/x b/x\n",
        "\\ No newline at end of file\n",
        " indented\n",
        "caf\xC3\xA9\n",
        "trailing \t\n",
        "a\rb\n",
        "\xE2\x80\xA8\n",
        "void "
        "a_function_with_long_name_"
        "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
        "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
        "\xC3\xA9\xC3\xA9()\n"};
    std::string text;
    for (std::size_t i = below(40); i > 0; --i) text += one_of(all);
    if (below(4) == 0) text += "no newline at the end";
    return text;
  }

  std::string content() {
    switch (below(6)) {
      case 0:
        return "";
      case 1:
        return lines() + "latin \xE9\n" + lines();
      case 2:
        return lines() + std::string(9000, 'x') + std::string(1, '\0') + lines();
      case 3: {
        std::string bytes(below(70000), '\0');
        for (char& c : bytes) c = static_cast<char>(below(256));
        return bytes;
      }
      default:
        return lines();
    }
  }

  std::string edited(std::string content) {
    for (std::size_t i = 1 + below(3); i > 0; --i) {
      const std::size_t at = content.empty() ? 0 : below(content.size());
      if (below(2) == 0) {
        content.insert(at, below(3) == 0 ? "\n" : "edited");
      } else {
        content.erase(at, below(20));
      }
    }
    return content;
  }

  files::DiffSide thing() {
    switch (below(7)) {
      case 0:
        return testing::symlink_to(one_of<std::string>(
            {"a", "../x", "/etc/passwd", "caf\xC3\xA9", "latin\xE9", "nl\nnl"}));
      case 1:
        return testing::empty_directory();
      default:
        return testing::text_file(content(), one_of<std::uint32_t>({0644, 0755, 0600, 0744, 0444}));
    }
  }

  std::mt19937 random_;
};

api::DiffStatus expected_status(const files::DiffSide* before, const files::DiffSide* after) {
  if (before == nullptr) return api::DiffStatus::kAdded;
  if (after == nullptr) return api::DiffStatus::kDeleted;
  return before->kind == after->kind ? api::DiffStatus::kModified : api::DiffStatus::kTypeChanged;
}

const files::DiffSide* find(const HostTree& tree, const std::string& path) {
  const auto found = tree.find(path);
  return found == tree.end() ? nullptr : &found->second;
}

class DiffOfRandomTrees : public ::testing::TestWithParam<unsigned> {};

TEST_P(DiffOfRandomTrees, applied_by_git_to_the_original_gives_the_current_tree) {
  const testing::TestDirectory directory;
  TreeMaker maker(GetParam());
  const HostTree before = maker.make();
  const HostTree after = maker.change(before);

  files::DiffBuilder builder(directory.path(), testing::work_for(std::chrono::seconds(30)));
  std::map<std::string, api::DiffStatus> expected;
  HostTree all = before;
  all.insert(after.begin(), after.end());
  for (const auto& [path, ignored] : all) {
    const files::DiffSide* old_side = find(before, path);
    const files::DiffSide* new_side = find(after, path);
    builder.add(path, old_side == nullptr ? files::DiffSide{} : *old_side,
                new_side == nullptr ? files::DiffSide{} : *new_side);
    if (old_side != nullptr && new_side != nullptr && *old_side == *new_side) continue;
    expected[path] = expected_status(old_side, new_side);
  }
  const api::Diff diff = builder.build();

  std::map<std::string, api::DiffStatus> statuses;
  for (const auto& [path, status] : expected) statuses[to_valid_utf8(path)] = status;
  std::map<std::string, api::DiffStatus> said;
  for (const auto& entry : diff.entries) said[entry.path] = entry.status;
  EXPECT_EQ(said, statuses);
  EXPECT_EQ(diff.changed, !expected.empty());
  EXPECT_EQ(diff.patch, to_valid_utf8(diff.patch));
  EXPECT_THAT(diff.patch_omits, ::testing::IsEmpty());

  const auto tree = directory / "tree";
  std::filesystem::create_directory(tree);
  testing::write_tree(tree, before);
  if (!diff.patch.empty()) {
    const CommandResult applied = testing::git_apply(tree, diff.patch);
    ASSERT_EQ(applied.status.code, 0) << applied.error_output << diff.patch;
  }
  EXPECT_EQ(testing::read_tree(tree), testing::as_git_sees(after)) << diff.patch;
}

INSTANTIATE_TEST_SUITE_P(Seeded, DiffOfRandomTrees, ::testing::Range(1U, 121U));

}  // namespace
}  // namespace pyro
