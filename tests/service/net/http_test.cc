#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/service/net/lab.h"

namespace pyro::gate {
namespace {

using network::Policy;
using network::Verdict;
using ::testing::IsEmpty;

constexpr const char* kServer = "203.0.113.10";

class GateHttp : public ::testing::Test {
 protected:
  void SetUp() override {
    lab.start(listed_policy({"allowed.example"}));
    lab.internet().set("allowed.example", {kServer});
    ASSERT_EQ(lab.resolve("allowed.example").rcode, 0);
  }
  Lab lab;
};

const std::string kGet = "GET /a HTTP/1.1\r\nHost: allowed.example\r\nAccept: */*\r\n\r\n";
const std::string kPost =
    "POST /b HTTP/1.1\r\nHost: Allowed.Example:80\r\nContent-Length: 5\r\n\r\nhello";
const std::string kChunked =
    "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: allowed.example\r\n\r\n"
    "5;x=y\r\nhello\r\n0\r\nTrailer: x\r\n\r\n";

TEST_F(GateHttp, requests_of_each_form_pass_unchanged_one_after_the_other) {
  const auto dialed = lab.dial(kServer, 80);
  ASSERT_EQ(dialed.error, 0);
  for (const auto& request : {kGet, kPost, kChunked, kGet + kPost + kChunked + kGet}) {
    EXPECT_EQ(lab.exchange(dialed.fd.get(), request), request);
  }
  const std::string absolute =
      "GET http://allowed.example/x HTTP/1.1\r\nHost: allowed.example\r\n\r\n";
  EXPECT_EQ(lab.exchange(dialed.fd.get(), absolute), absolute);
}

// 21 to 28, 31
TEST_F(GateHttp, a_request_that_could_be_for_another_host_is_refused) {
  for (const std::string& request : {
           std::string("GET / HTTP/1.1\r\nHost: other.example\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: allowed.example\r\nHost: other.example\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: allowed.example\r\nhost: allowed.example\r\n\r\n"),
           std::string("GET http://other.example/ HTTP/1.1\r\nHost: allowed.example\r\n\r\n"),
           std::string("GET http://allowed.example@other.example/ HTTP/1.1\r\nHost: "
                       "allowed.example\r\n\r\n"),
           std::string("GET https://allowed.example/ HTTP/1.1\r\nHost: allowed.example\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost : allowed.example\r\n\r\n"),
           std::string(
               "GET / HTTP/1.1\r\nX: y\r\n Host: other.example\r\nHost: allowed.example\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: allowed.example\r\n\tother.example\r\n\r\n"),
           std::string("GET / HTTP/1.1\nHost: allowed.example\n\n"),
           std::string("GET / HTTP/1.1\r\nHost: allowed.example\nHost: other.example\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: allowed.example\rX: y\r\n\r\n"),
           std::string("CONNECT allowed.example:443 HTTP/1.1\r\nHost: allowed.example\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: allowed.example\r\nUpgrade: h2c\r\nConnection: "
                       "Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAM\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: allowed.example\r\nUpgrade: "
                       "websocket\r\nConnection: Upgrade\r\n\r\n"),
           std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
           std::string("POST / HTTP/1.1\r\nHost: allowed.example\r\nContent-Length: "
                       "4\r\nTransfer-Encoding: chunked\r\n\r\n"),
           std::string("POST / HTTP/1.1\r\nHost: allowed.example\r\nTransfer-Encoding: "
                       "chunked\r\nContent-Length: 4\r\n\r\n"),
           std::string(
               "POST / HTTP/1.1\r\nHost: allowed.example\r\nTransfer_Encoding: chunked\r\n\r\n"),
           std::string(
               "POST / HTTP/1.1\r\nHost: allowed.example\r\nTransfer-Encoding: xchunked\r\n\r\n"),
           std::string(
               "POST / HTTP/1.0\r\nHost: allowed.example\r\nTransfer-Encoding: chunked\r\n\r\n"),
           std::string("POST / HTTP/1.1\r\nHost: allowed.example\r\nContent-Length: 4, 4\r\n\r\n"),
           std::string("POST / HTTP/1.1\r\nHost: allowed.example\r\nContent-Length: +4\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: allowed.example.\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: 203.0.113.10\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: allowed.example:8080\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost:\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\n\r\n"),
           std::string("GET / HTTP/1.0\r\n\r\n"),
           std::string("GET /\r\n\r\n"),
           std::string("GET / HTTP/1.1 \r\nHost: allowed.example\r\n\r\n"),
           std::string("\r\nGET / HTTP/1.1\r\nHost: allowed.example\r\n\r\n"),
           std::string("GET / HTTP/1.1\r\nHost: allowed.example\0x\r\n\r\n", 45),
           hello_for("allowed.example"),
           std::string("GET /") + std::string(70000, 'a'),
       }) {
    const auto answer = lab.talk(kServer, 80, request);
    EXPECT_TRUE(!answer || answer->empty()) << request.substr(0, 120);
    EXPECT_THAT(lab.internet().bytes_at(kServer), IsEmpty()) << request.substr(0, 120);
  }
  EXPECT_TRUE(lab.logged(Verdict::kDenied, "host_not_allowed", "other.example"));
  EXPECT_TRUE(lab.logged(Verdict::kDenied, "no_plain_http"));
}

// 29, 30
TEST_F(GateHttp, a_later_request_for_another_host_is_refused_kept_alive_or_pipelined) {
  const std::string other = "GET /secret HTTP/1.1\r\nHost: other.example\r\n\r\n";
  for (const auto& first : {kGet, kPost, kChunked}) {
    const auto dialed = lab.dial(kServer, 80);
    ASSERT_EQ(dialed.error, 0);
    EXPECT_EQ(lab.exchange(dialed.fd.get(), first), first);
    EXPECT_THAT(lab.exchange(dialed.fd.get(), other), IsEmpty());
    lab.talk(kServer, 80, first + other);
  }
  EXPECT_EQ(lab.internet().bytes_at(kServer).find("other.example"), std::string::npos);
  EXPECT_EQ(lab.internet().bytes_at(kServer).find("/secret"), std::string::npos);
}

TEST_F(GateHttp, what_a_server_reads_as_a_second_request_is_read_so_here) {
  // A body of 0 bytes by its length, of a request by another reading.
  for (const std::string& request :
       {std::string("POST / HTTP/1.1\r\nHost: allowed.example\r\nContent-Length: 0\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nHost: allowed.example\r\nTransfer-Encoding: "
                    "chunked\r\n\r\n0\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nHost: allowed.example\r\nContent-Length: 3\r\n\r\nabc")}) {
    lab.talk(kServer, 80, request + "GET /secret HTTP/1.1\r\nHost: other.example\r\n\r\n");
  }
  for (const char* size : {"-1", "0x5", "5 ", "ffffffffffffffff", "", "g"}) {
    lab.talk(kServer, 80,
             "POST / HTTP/1.1\r\nHost: allowed.example\r\nTransfer-Encoding: chunked\r\n\r\n" +
                 std::string(size) + "\r\nGET /secret HTTP/1.1\r\nHost: other.example\r\n\r\n");
  }
  EXPECT_EQ(lab.internet().bytes_at(kServer).find("/secret"), std::string::npos);
}

}  // namespace
}  // namespace pyro::gate
