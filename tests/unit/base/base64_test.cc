#include "common/base/base64.h"

#include <gtest/gtest.h>

#include <utility>

namespace pyro {
namespace {

TEST(Base64, of_any_bytes_gives_them_back) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes) << i;
    bytes += static_cast<char>(i);
  }
  for (const auto& [plain, coded] : {std::pair<std::string, std::string>{"", ""},
                                     {"f", "Zg=="},
                                     {"fo", "Zm8="},
                                     {"foo", "Zm9v"},
                                     {"\xFB\xFF", "+/8="}}) {
    EXPECT_EQ(to_base64(plain), coded);
  }
}

TEST(Base64, refuses_what_is_none) {
  for (const char* text :
       {"Z", "Zg", "Zg=", "Zg==Zg==", "Z===", "====", "Zh==", "Zm9=", "Zm9\n", "=m9v", "Zm-_"}) {
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace pyro
