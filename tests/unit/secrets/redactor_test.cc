#include "common/secrets/redactor.h"

#include <gtest/gtest.h>

#include <chrono>

#include "common/base/base64.h"
#include "common/base/random.h"

namespace pyro {
namespace {

constexpr const char* kKey =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n"
    "MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu\n"
    "-----END PRIVATE KEY-----\n";

TEST(Redactor, leaves_a_mark_for_every_occurrence) {
  const Redactor redactor({"hunter22", "tiger"});
  EXPECT_EQ(redactor.redact("hunter22 and tiger, tigers; hunter2"),
            "[REDACTED] and [REDACTED], [REDACTED]s; hunter2");
}

TEST(Redactor, without_secrets_changes_nothing) {
  EXPECT_EQ(Redactor().redact("hunter22"), "hunter22");
  EXPECT_TRUE(Redactor().empty());
}

TEST(Redactor, takes_the_longest_of_values_that_begin_alike) {
  const Redactor redactor({"abcd", "abcdefgh", "abcdxy"});
  EXPECT_EQ(redactor.redact("abcdefgh abcdefg abcdxy abcdz"),
            "[REDACTED] [REDACTED]efg [REDACTED] [REDACTED]z");
}

TEST(Redactor, values_that_overlap_are_one_run) {
  const Redactor redactor({"abcdef", "defghi"});
  EXPECT_EQ(redactor.redact("abcdefghi."), "[REDACTED].");
}

TEST(Redactor, a_line_end_at_the_end_of_a_value_is_not_part_of_it) {
  EXPECT_EQ(Redactor({"hunter22\n"}).redact("hunter22"), "[REDACTED]");
  EXPECT_EQ(Redactor({"\n\n\n\n"}).redact("a\n\n\n\nb"), "a[REDACTED]b");
}

TEST(Redactor, knows_a_key_as_a_whole_and_by_each_of_its_lines) {
  const Redactor redactor({kKey});
  EXPECT_EQ(redactor.redact(std::string("<") + kKey + ">"), "<[REDACTED]\n>");
  EXPECT_EQ(
      redactor.redact("+  MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu\r\n"),
      "+  [REDACTED]\r\n");
}

TEST(Redactor, knows_base64_of_a_value_at_every_alignment_and_in_both_alphabets) {
  const std::string value = "pa\xffss\xfe>>word??";
  const Redactor redactor({value});
  for (std::size_t before = 0; before < 7; ++before) {
    for (std::size_t after = 0; after < 4; ++after) {
      const std::string text =
          to_base64(std::string(before, 'u') + value + std::string(after, 'v'));
      std::string other = text;
      std::replace(other.begin(), other.end(), '+', '-');
      std::replace(other.begin(), other.end(), '/', '_');
      for (const auto& one : {text, other}) {
        const std::string shown = redactor.redact(one);
        EXPECT_NE(shown.find("[REDACTED]"), std::string::npos) << one;
        EXPECT_LE(shown.size(), before * 4 / 3 + after * 4 / 3 + 10 + 8) << shown;
      }
    }
  }
}

TEST(Redactor, knows_base64_that_is_wrapped_as_tools_wrap_it) {
  const std::string value = random_hex(100);
  const Redactor redactor({value});
  const std::string text = to_base64(value);
  for (const std::size_t columns : {64U, 76U}) {
    std::string wrapped;
    for (std::size_t at = 0; at < text.size(); at += columns) {
      wrapped += text.substr(at, columns) + "\n";
    }
    const std::string shown = redactor.redact(wrapped);
    for (std::size_t at = 0; at + 12 < text.size(); at += 6) {
      EXPECT_EQ(shown.find(text.substr(at, 12)), std::string::npos) << columns << ": " << shown;
    }
  }
}

TEST(Redactor, knows_what_urls_and_json_make_of_a_value) {
  const Redactor redactor({"p@ss w/\"rd\""});
  EXPECT_EQ(redactor.redact("a=p%40ss%20w%2F%22rd%22&b"), "a=[REDACTED]&b");
  EXPECT_EQ(redactor.redact("a=p%40ss+w%2f%22rd%22&b"), "a=[REDACTED]&b");
  EXPECT_EQ(redactor.redact(R"({"a": "p@ss w/\"rd\""})"), R"({"a": "[REDACTED]"})");
}

TEST(Redactor, a_long_value_is_found_as_a_whole_and_by_its_parts) {
  const std::string value = random_hex(32768);
  const Redactor redactor({value});
  EXPECT_EQ(redactor.redact("<" + value + ">"), "<[REDACTED]>");
  const std::string part = redactor.redact(value.substr(1000, 300));
  EXPECT_NE(part.find("[REDACTED]"), std::string::npos);
  EXPECT_LT(part.size(), 150U);
}

TEST(Redactor, bytes_around_a_part_tell_what_belongs_to_a_value) {
  const Redactor redactor({"hunter22"});
  const std::string text = "0123hunter22abc";
  EXPECT_EQ(redactor.redact_part(text, 6, 15), "[REDACTED]abc");
  EXPECT_EQ(redactor.redact_part(text, 0, 6), "0123[REDACTED]");
  EXPECT_EQ(redactor.redact_part(text, 5, 7), "[REDACTED]");
  EXPECT_EQ(redactor.redact_part(text, 12, 15), "abc");
}

TEST(Redactor, what_is_cut_off_by_a_gap_is_redacted_from_four_bytes_on) {
  const Redactor redactor({"hunter22"});
  const auto shown = [&](std::string_view text, const Redactor::Edges& edges) {
    std::string out;
    for (const auto& [begin, end, kind] : redactor.find(text, edges).segments) {
      out += kind == Redactor::Kind::kText ? std::string(text.substr(begin, end - begin))
                                           : std::string(Redactor::kMark);
    }
    return out;
  };
  EXPECT_EQ(shown("er22 x", {.after_gap = true}), "[REDACTED] x");
  EXPECT_EQ(shown("r22 x", {.after_gap = true}), "r22 x");
  EXPECT_EQ(shown("x hunt", {.before_gap = true}), "x [REDACTED]");
  EXPECT_EQ(shown("x hun", {.before_gap = true}), "x hun");
  EXPECT_EQ(shown("x hunt", {}), "x hunt");
}

/// Every value of one letter begins at every byte of such a text: this ends soon, or never.
TEST(Redactor, repetitive_values_take_no_longer_than_others) {
  std::vector<std::string> values;
  for (std::size_t at = 0; at < 64; ++at) values.push_back(std::string(1000 + at, 'a') + "b");
  const Redactor redactor(values);
  EXPECT_EQ(redactor.redact(std::string(1U << 20U, 'a')), "[REDACTED]");
}

}  // namespace
}  // namespace pyro
