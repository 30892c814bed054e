#include "guest/agent/shells/scrollback.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/api/shell_state.h"

namespace pyro::agent {
namespace {

constexpr std::uint64_t kMost = api::kKeptShellBytes + Scrollback::kBlockBytes;

TEST(Scrollback, what_was_printed_is_read_from_any_place) {
  Scrollback output;
  output.append("abc");
  output.append("def");
  EXPECT_EQ(output.read(0, 100).data, "abcdef");
  EXPECT_EQ(output.read(2, 3).data, "cde");
  EXPECT_EQ(output.read(6, 3).data, "");
  EXPECT_EQ(output.read(99, 3).data, "");
  EXPECT_EQ(output.total(), 6U);
}

TEST(Scrollback, at_least_four_mebibytes_are_kept_and_the_oldest_make_way) {
  Scrollback output;
  std::uint64_t printed = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string piece(static_cast<std::size_t>(i), static_cast<char>('a' + i % 26));
    output.append(piece);
    printed += piece.size();
    const auto kept = output.total() - output.oldest().offset;
    ASSERT_LT(kept, kMost);
    ASSERT_GE(kept, std::min(printed, api::kKeptShellBytes));
  }
  EXPECT_EQ(output.total(), printed);
  const auto end = output.read(printed - 2999, 2999);
  EXPECT_EQ(end.data, std::string(2999, 'a' + 2999 % 26));
}

TEST(Scrollback, a_read_of_what_is_gone_begins_at_the_oldest) {
  Scrollback output;
  output.append(std::string(kMost + 10, 'x'));
  const auto piece = output.read(3, 5);
  EXPECT_EQ(piece.offset, output.oldest().offset);
  EXPECT_EQ(piece.data, "xxxxx");
  EXPECT_EQ(output.oldest().characters, output.oldest().offset);
}

TEST(Scrollback, one_piece_larger_than_all_that_is_kept_leaves_its_end) {
  Scrollback output;
  std::string piece;
  while (piece.size() < 3 * kMost) piece += std::to_string(piece.size()) + ",";
  output.append(piece);
  const auto kept = output.read(0, 2 * kMost);
  EXPECT_EQ(kept.data, piece.substr(kept.offset));
}

TEST(Scrollback, characters_are_counted_where_blocks_cut_them) {
  Scrollback output;
  for (std::uint64_t i = 0; i < kMost / 3 + 100'000; ++i) output.append("\u20ac");
  // Three bytes each: a block of 64 KiB ends within one.
  const auto oldest = output.oldest();
  EXPECT_EQ(oldest.characters, (oldest.offset + 2) / 3);
}

}  // namespace
}  // namespace pyro::agent
