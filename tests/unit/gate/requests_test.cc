#include <gtest/gtest.h>

#include "services/net/gate/streams/http_requests.h"

namespace pyro::gate {
namespace {

const std::string kPost =
    "POST /x HTTP/1.1\r\nHost: A.example:80\r\nContent-Length: 5\r\n\r\nhello";
const std::string kChunked =
    "PUT http://a.example/y HTTP/1.1\r\nhost:a.example\r\nTransfer-Encoding: Chunked\r\n\r\n"
    "A;e=1\r\n0123456789\r\n0\r\nX-T: y\r\n\r\n";

TEST(GateHttpRequests, requests_are_told_apart_in_pieces_of_any_length) {
  const std::string all = kPost + kChunked + kPost;
  for (std::size_t piece = 1; piece <= all.size(); ++piece) {
    int asked = 0;
    HttpRequests requests(80, [&](std::string_view host) {
      EXPECT_EQ(host, "a.example");
      ++asked;
      return std::string_view();
    });
    std::string out;
    for (std::size_t at = 0; at < all.size(); at += piece) {
      ASSERT_TRUE(requests.feed(all.substr(at, piece), out));
    }
    EXPECT_EQ(out, all);
    EXPECT_EQ(asked, 3);
  }
}

TEST(GateHttpRequests, a_head_is_held_until_its_host_is_allowed) {
  HttpRequests requests(80, [](std::string_view) { return std::string_view("no"); });
  std::string out;
  EXPECT_TRUE(requests.feed(kPost.substr(0, 30), out));
  EXPECT_FALSE(requests.feed(kPost.substr(30), out));
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(requests.refused(), "no");
  EXPECT_FALSE(requests.feed(kPost, out));
}

TEST(GateHttpRequests, neither_a_line_nor_a_head_grows_without_end) {
  for (const std::string& part : {std::string(1000, 'a'), std::string("a: b\r\n")}) {
    HttpRequests requests(80, [](std::string_view) { return std::string_view(); });
    std::string out;
    bool fed = requests.feed("GET / HTTP/1.1\r\n", out);
    for (int i = 0; i < 100000 && fed; ++i) fed = requests.feed(part, out);
    EXPECT_FALSE(fed);
    EXPECT_TRUE(out.empty());
  }
}

}  // namespace
}  // namespace pyro::gate
