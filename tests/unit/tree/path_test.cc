#include "common/tree/path.h"

#include <gtest/gtest.h>

#include "common/tree/tree.h"

namespace pyro::tree {
namespace {

std::string deep(std::size_t levels) {
  std::string path = "d";
  while (--levels > 0) path += "/d";
  return path;
}

TEST(CleanPath, names_and_their_chains_are_clean) {
  for (const std::string& path : {std::string(), std::string("a"), std::string("a/b/..c/...d/.e"),
                                  std::string("\xff\n'\" "), deep(2000), std::string(255, 'n')}) {
    EXPECT_TRUE(is_clean_path(path)) << path;
  }
}

TEST(CleanPath, what_climbs_or_has_two_spellings_is_not) {
  for (const std::string& path :
       {std::string("/"), std::string("/a"), std::string("a/"), std::string("a//b"),
        std::string("."), std::string("./a"), std::string("a/./b"), std::string(".."),
        std::string("../a"), std::string("a/../b"), std::string("a/.."), std::string("a\0b", 3),
        std::string(256, 'n'), deep(2100)}) {
    EXPECT_FALSE(is_clean_path(path)) << path;
  }
}

TEST(LeadsOut, a_target_inside_of_the_tree_is_fine) {
  EXPECT_FALSE(leads_out("bin/l", "../lib/x"));
  EXPECT_FALSE(leads_out("l", "a/../b"));
  EXPECT_FALSE(leads_out("a/b/l", "../.."));
  EXPECT_FALSE(leads_out("a/b/l", "./..//../c"));
  EXPECT_FALSE(leads_out("l", "..a"));
}

TEST(LeadsOut, a_target_above_the_top_is_not_whatever_comes_after) {
  EXPECT_TRUE(leads_out("l", "/etc/passwd"));
  EXPECT_TRUE(leads_out("l", ".."));
  EXPECT_TRUE(leads_out("l", "../back/in"));
  EXPECT_TRUE(leads_out("l", "a/../../b"));
  EXPECT_TRUE(leads_out("a/b/l", "../../.."));
  EXPECT_TRUE(leads_out("", "../x"));
}

TEST(PathParts, are_cut_at_the_last_slash) {
  EXPECT_EQ(parent_of("a/b/c"), "a/b");
  EXPECT_EQ(parent_of("a"), "");
  EXPECT_EQ(name_of("a/b/c"), "c");
  EXPECT_EQ(name_of("a"), "a");
  EXPECT_EQ(join("a/b", "c"), "a/b/c");
  EXPECT_EQ(join("", "c"), "c");
  EXPECT_EQ(join("a", ""), "a");
}

}  // namespace
}  // namespace pyro::tree
