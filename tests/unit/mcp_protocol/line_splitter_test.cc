#include "gateway/mcp/protocol/line_splitter.h"

#include <gmock/gmock.h>

#include <vector>

namespace pyro::mcp {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> lines_of(LineSplitter& splitter) {
  std::vector<std::string> lines;
  while (auto line = splitter.next()) lines.push_back(line->too_long ? "TOO LONG" : line->text);
  return lines;
}

TEST(LineSplitter, bytes_become_lines_however_they_are_cut) {
  const std::string all = "one\r\n\n \r\n{\"two\":\"\xE2\x80\xA8\x0B\x0C\xC2\x85\"}\nthree\nrest";
  for (std::size_t cut = 1; cut <= all.size(); ++cut) {
    LineSplitter splitter;
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < all.size(); at += cut) {
      splitter.feed(std::string_view(all).substr(at, cut));
      for (auto& line : lines_of(splitter)) lines.push_back(std::move(line));
    }
    EXPECT_THAT(lines, ElementsAre("one\r", "{\"two\":\"\xE2\x80\xA8\x0B\x0C\xC2\x85\"}", "three"))
        << cut;
  }
}

TEST(LineSplitter, a_line_beyond_the_limit_is_skipped_and_told_once) {
  LineSplitter splitter(8);
  splitter.feed("12345678\n123456789");
  EXPECT_THAT(lines_of(splitter), ElementsAre("12345678", "TOO LONG"));
  for (int i = 0; i < 1000; ++i) splitter.feed("abcdefghijklmnop");
  EXPECT_THAT(lines_of(splitter), ElementsAre());
  splitter.feed("\nafter\n");
  EXPECT_THAT(lines_of(splitter), ElementsAre("after"));
}

TEST(LineSplitter, the_limit_holds_for_a_line_that_comes_byte_by_byte) {
  LineSplitter splitter(4);
  for (const char byte : std::string("1234\n12345\n1\n")) splitter.feed({&byte, 1});
  EXPECT_THAT(lines_of(splitter), ElementsAre("1234", "TOO LONG", "1"));
}

}  // namespace
}  // namespace pyro::mcp
