#include <random>

#include "services/files/diff_builder.h"
#include "tests/support/errors.h"
#include "tests/unit/files/patch_fixture.h"

namespace pyro {
namespace {

/// Text, and edits of it.
class TextMaker {
 public:
  explicit TextMaker(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }

  std::string text() {
    std::string text;
    for (std::size_t i = below(30); i > 0; --i) text += line();
    if (below(3) == 0) text += "open end";
    return text;
  }

  std::string edited(const std::string& text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
      if (below(8) == 0) out += line();
      if (below(8) != 0) out += text.substr(at, end - at);
      at = end;
    }
    return out;
  }

  /// Breaks a patch in one of the ways in which patches break.
  std::string broken(std::string patch) {
    static const std::vector<std::string> pieces{"\n",
                                                 "\r\n",
                                                 "\t",
                                                 " ",
                                                 "+",
                                                 "-",
                                                 "\\",
                                                 "@@ -1,3 +1,9999999 @@\n",
                                                 "--- a/../../escape\n",
                                                 "+++ /dev/null\n",
                                                 "--- /dev/null\n",
                                                 "diff --git a/x b/x\n",
                                                 "rename from a\n",
                                                 "new file mode 120000\n",
                                                 "new file mode 100644\n",
                                                 "deleted file mode 100644\n",
                                                 "+++ b//tmp/escape\n",
                                                 "../",
                                                 "\"",
                                                 "\xFF",
                                                 "a/a/",
                                                 "-- \n",
                                                 "GIT binary patch\n",
                                                 "0",
                                                 std::string(1, '\0')};
    for (std::size_t i = 1 + below(4); i > 0 && !patch.empty(); --i) {
      const std::size_t at = below(patch.size());
      switch (below(4)) {
        case 0:
          patch.insert(at, pieces[below(pieces.size())]);
          break;
        case 1:
          patch.erase(at, 1 + below(30));
          break;
        case 2:
          patch[at] = static_cast<char>(below(256));
          break;
        default:
          patch.insert(below(patch.size() + 1), patch.substr(at, below(120)));
      }
    }
    return patch;
  }

 private:
  std::string line() {
    static const std::vector<std::string> lines{
        "a\n",   "b\n",       "\n",        "long line of words\n", "c\r\n",
        "-- \n", "--- a/f\n", "+++ b/f\n", "@@ -1 +1 @@\n"};
    return lines[below(lines.size())];
  }

  std::mt19937 random_;
};

struct TwoTrees {
  testing::HostTree before;
  testing::HostTree after;
};

TwoTrees make_trees(TextMaker& maker) {
  TwoTrees trees;
  for (const std::string path : {"a", "d/with space", "d/\"quote\"", "caf\xC3\xA9", "z"}) {
    const std::size_t kind = maker.below(4);
    const std::string text = maker.text();
    if (kind != 0) trees.before[path] = testing::text_file(text);
    if (kind != 1) {
      trees.after[path] = testing::text_file(maker.edited(text), maker.below(3) == 0 ? 0755 : 0644);
    }
  }
  return trees;
}

std::string patch_between(const TwoTrees& trees, const std::filesystem::path& scratch) {
  files::DiffBuilder builder(scratch, testing::work_for(std::chrono::seconds(30)));
  testing::HostTree all = trees.before;
  all.insert(trees.after.begin(), trees.after.end());
  for (const auto& [path, ignored] : all) {
    const auto side = [&path = path](const testing::HostTree& tree) {
      const auto found = tree.find(path);
      return found == tree.end() ? files::DiffSide{} : found->second;
    };
    builder.add(path, side(trees.before), side(trees.after));
  }
  return builder.build().patch;
}

class PatchOfRandomTexts : public ::testing::TestWithParam<unsigned> {};

TEST_P(PatchOfRandomTexts, leads_from_the_one_to_the_other) {
  TextMaker maker(GetParam());
  const testing::TestDirectory scratch;
  const TwoTrees trees = make_trees(maker);
  const std::string patch = patch_between(trees, scratch.path());
  testing::PatchedTree tree;
  tree.put(trees.before);
  if (!patch.empty()) tree.apply(patch);
  EXPECT_EQ(tree.files(), trees.after) << patch;
}

TEST_P(PatchOfRandomTexts, when_broken_is_applied_or_refused_and_nothing_else) {
  TextMaker maker(GetParam());
  const testing::TestDirectory scratch;
  const TwoTrees trees = make_trees(maker);
  const std::string patch = patch_between(trees, scratch.path());
  for (int i = 0; i < 10; ++i) {
    testing::PatchedTree tree;
    tree.put(trees.before);
    const std::string broken = maker.broken(patch);
    const auto error = testing::error_of([&] { tree.apply(broken); });
    if (error) {
      EXPECT_THAT(error->code(),
                  ::testing::AnyOf(ErrorCode::kInvalidArgument, ErrorCode::kFailedPrecondition))
          << error->message() << "\n"
          << broken;
      EXPECT_EQ(tree.files(), trees.before);
    }
    for (const auto& [path, side] : tree.files()) {
      EXPECT_TRUE(!path.empty() && path.front() != '/' && path.find("..") == path.npos) << path;
    }
    EXPECT_TRUE(std::filesystem::is_empty(tree.scratch())) << broken;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeded, PatchOfRandomTexts, ::testing::Range(1U, 41U));

}  // namespace
}  // namespace pyro
