#include "common/network/learned_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary.h"

namespace pyro::network {
namespace {

using pyro::testing::TestDirectory;
using ::testing::ElementsAre;

TEST(LearnedNames, they_are_counted_and_stay_in_order) {
  LearnedNames learned;
  EXPECT_TRUE(learned.add("b.com", 443));
  EXPECT_TRUE(learned.add("a.com", 443));
  EXPECT_TRUE(learned.add("a.com", 22));
  EXPECT_FALSE(learned.add("a.com", 443));
  ASSERT_EQ(learned.names.size(), 3U);
  EXPECT_EQ(learned.names[0].port, 22);
  EXPECT_EQ(learned.names[1].count, 2U);
}

TEST(LearnedNames, the_entries_that_allow_them_are_exact_names) {
  LearnedNames learned;
  for (const auto& [name, port] : std::vector<std::pair<const char*, std::uint16_t>>{
           {"a.com", 443}, {"a.com", 80}, {"a.com", 22}, {"x.b.com", 80}, {"single", 443}}) {
    learned.add(name, port);
  }
  EXPECT_THAT(allow_entries_of(learned), ElementsAre("a.com", "a.com:22", "x.b.com"));
}

TEST(LearnedNames, a_guest_cannot_make_the_record_grow_without_end) {
  LearnedNames learned;
  for (std::size_t i = 0; i < LearnedNames::kMostNames + 5; ++i) {
    learned.add("n" + std::to_string(i) + ".com", 443);
  }
  EXPECT_EQ(learned.names.size(), LearnedNames::kMostNames);
  EXPECT_TRUE(learned.truncated);
}

TEST(LearnedNames, they_outlast_their_gate_and_a_damaged_file_is_none) {
  const TestDirectory directory;
  EXPECT_TRUE(read_learned(directory.path()).names.empty());
  LearnedNames learned;
  learned.add("a.com", 443);
  write_learned(directory.path(), learned);
  EXPECT_EQ(read_learned(directory.path()).names.size(), 1U);
  std::ofstream(directory.path() / kLearnedFile) << "{";
  EXPECT_TRUE(read_learned(directory.path()).names.empty());
}

}  // namespace
}  // namespace pyro::network
