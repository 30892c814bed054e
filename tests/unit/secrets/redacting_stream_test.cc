#include "common/secrets/redacting_stream.h"

#include <gtest/gtest.h>

namespace pyro {
namespace {

std::shared_ptr<const Redactor> redactor_of_values(const std::vector<std::string>& values) {
  return std::make_shared<const Redactor>(values);
}

TEST(RedactingStream, shows_the_same_however_the_bytes_are_cut) {
  const auto redactor = redactor_of_values({"hunter22", "22ab", "0000", "line one\nline two"});
  const std::string text =
      "hunter22ab hunter2 0000000 line one\nline tw line two hunter22hunter22 hunt";
  const std::string shown = redactor->redact(text);
  EXPECT_EQ(shown,
            "[REDACTED] hunter2 [REDACTED] [REDACTED]\nline tw [REDACTED] "
            "[REDACTED][REDACTED] hunt");
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    RedactingStream stream(redactor);
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += piece)
      out += stream.feed(text.substr(at, piece));
    out += stream.finish();
    EXPECT_EQ(out, shown) << piece;
  }
}

TEST(RedactingStream, holds_back_only_what_may_be_the_beginning_of_a_value) {
  RedactingStream stream(redactor_of_values({"hunter22"}));
  EXPECT_EQ(stream.feed("hello hunt"), "hello ");
  EXPECT_EQ(stream.feed("ing"), "hunting");
  EXPECT_EQ(stream.feed("h"), "");
  EXPECT_EQ(stream.finish(), "h");
}

TEST(RedactingStream, a_run_without_end_is_marked_at_once_and_keeps_no_memory) {
  RedactingStream stream(redactor_of_values({"0000"}));
  EXPECT_EQ(stream.feed("<0000"), "<[REDACTED]");
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(stream.feed(std::string(1000, '0')), "");
  EXPECT_EQ(stream.feed("0>"), ">");
}

TEST(RedactingStream, redacts_what_a_gap_cuts_through) {
  RedactingStream stream(redactor_of_values({"hunter22"}));
  EXPECT_EQ(stream.feed("a hunter"), "a ");
  EXPECT_EQ(stream.gap(), "[REDACTED]");
  EXPECT_EQ(stream.feed("er22 b "), "[REDACTED] b ");
  EXPECT_EQ(stream.feed("er22 b "), "er22 b ");
}

TEST(RedactingStream, a_person_sees_each_key_and_no_more_than_two_bytes_of_a_value) {
  RedactingStream stream(redactor_of_values({"hunter22"}));
  stream.show_at_once();
  EXPECT_EQ(stream.feed("$ h"), "$ h");
  EXPECT_EQ(stream.feed("u"), "u");
  EXPECT_EQ(stream.feed("n"), "");
  EXPECT_EQ(stream.feed("g"), "ng");
  EXPECT_EQ(stream.feed(" hu"), " hu");
  EXPECT_EQ(stream.feed("nter22!"), "[REDACTED]!");
}

TEST(RedactingStream, without_secrets_passes_everything_at_once) {
  RedactingStream stream;
  EXPECT_EQ(stream.feed("abc"), "abc");
  EXPECT_EQ(stream.gap(), "");
  EXPECT_EQ(stream.finish(), "");
}

}  // namespace
}  // namespace pyro
