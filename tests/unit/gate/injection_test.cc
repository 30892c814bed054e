#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/base64.h"
#include "services/net/gate/streams/stream_guard.h"
#include "services/net/gate/tls/head_rewriter.h"
#include "services/net/gate/tls/http_answers.h"

namespace pyro::gate {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

const HeadRewriter& rewriter() {
  static const HeadRewriter kRewriter(
      std::vector<Binding>{{"pyro_secret_a", "value-of-a"}, {"pyro_secret_b", "b&b"}});
  return kRewriter;
}

std::string rewritten(const std::string& fields) {
  return rewriter().rewrite("GET /pyro_secret_a HTTP/1.1\r\n" + fields + "\r\n").value_or("none");
}

TEST(HeadRewriterTest, values_are_put_into_fields_and_not_into_the_request_line) {
  EXPECT_EQ(rewritten("Host: h\r\nAuthorization: Bearer pyro_secret_a\r\nX: pyro_secret_b"
                      "pyro_secret_a,\tpyro_secret_c\r\n"),
            "GET /pyro_secret_a HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer value-of-a\r\n"
            "X: b&bvalue-of-a,\tpyro_secret_c\r\nAccept-Encoding: identity\r\n\r\n");
}

TEST(HeadRewriterTest, fields_that_servers_keep_or_that_frame_the_message_stay) {
  for (const char* name : {"User-Agent", "REFERER", "origin", "Via", "X-Forwarded-For", "Host",
                           "Content-Length", "Transfer-Encoding", "From", "Expect"}) {
    EXPECT_THAT(rewritten(std::string(name) + ": pyro_secret_a\r\n"),
                HasSubstr(std::string(name) + ": pyro_secret_a\r\n"));
  }
}

TEST(HeadRewriterTest, a_name_of_a_field_stays) {
  EXPECT_THAT(rewritten("pyro_secret_a: x\r\n"), HasSubstr("pyro_secret_a: x\r\n"));
}

TEST(HeadRewriterTest, basic_credentials_are_looked_into) {
  EXPECT_THAT(rewritten("authorization: bAsIc  " + to_base64("u:pyro_secret_a") + " \r\n"),
              HasSubstr("authorization: bAsIc  " + to_base64("u:value-of-a") + "\r\n"));
  EXPECT_THAT(rewritten("Authorization: Basic " + to_base64("u:other") + "\r\n"),
              HasSubstr(to_base64("u:other")));
  EXPECT_THAT(rewritten("Authorization: Basic pyro_secret_b\r\n"), HasSubstr("Basic b&b\r\n"));
  EXPECT_THAT(rewritten("Authorization: Basic\r\nX: " + to_base64("u:pyro_secret_a") + "\r\n"),
              HasSubstr("X: " + to_base64("u:pyro_secret_a")));
}

TEST(HeadRewriterTest, a_value_that_holds_a_placeholder_does_not_grow_for_ever) {
  const HeadRewriter twice(std::vector<Binding>{{"pyro_x", "pyro_x pyro_x"}});
  EXPECT_THAT(twice.rewrite("GET / HTTP/1.1\r\nA: pyro_x\r\n\r\n").value_or(""),
              HasSubstr("A: pyro_x pyro_x\r\n"));
}

TEST(HeadRewriterTest, a_head_that_grows_beyond_all_measure_is_refused) {
  const HeadRewriter grows(std::vector<Binding>{{"p", std::string(8192, 'v')}});
  EXPECT_FALSE(grows.rewrite("GET / HTTP/1.1\r\nA: " + std::string(1000, 'p') + "\r\n\r\n"));
}

std::shared_ptr<const Redactor> knowing(const std::string& value) {
  return std::make_shared<const Redactor>(std::vector<std::string>{value});
}

/// Fed in pieces of that size, as the answer to one request; "refused" if it was.
std::string answered(const std::string& bytes, std::size_t piece,
                     HttpAnswers::Asked asked = HttpAnswers::Asked::kOther) {
  HttpAnswers answers(knowing("hunter22-secret"));
  answers.expect(asked);
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    if (!answers.feed(bytes.substr(at, piece), out)) return "refused";
  }
  answers.finish(out);
  return out;
}

std::string without_chunks(const std::string& text) {
  std::string body;
  std::size_t at = text.find("\r\n\r\n") + 4;
  for (;;) {
    const std::size_t size = std::stoul(text.substr(at), nullptr, 16);
    if (size == 0) return body;
    at = text.find("\r\n", at) + 2;
    body += text.substr(at, size);
    at += size + 2;
  }
}

TEST(HttpAnswersTest, values_are_hidden_at_their_length_however_the_bytes_are_cut) {
  const std::string head = "HTTP/1.1 200 OK\r\nX: hunter22-secret\r\nContent-Length: 20\r\n\r\n";
  const std::string hidden = "HTTP/1.1 200 OK\r\nX: ***************\r\nContent-Length: 20\r\n\r\n";
  for (const std::size_t piece : {1U, 2U, 3U, 7U, 16U, 1000U}) {
    EXPECT_EQ(answered(head + "ab hunter22-secret c", piece), hidden + "ab *************** c");
    EXPECT_EQ(answered(head + "hunter22-secre, hunt", piece), hidden + "hunter22-secre, hunt");
    EXPECT_EQ(without_chunks(answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                      "5;x=y\r\nhunte\r\n0c\r\nr22-secret <\r\n0\r\n\r\n",
                                      piece)),
              "*************** <");
    EXPECT_EQ(answered("HTTP/1.0 200 OK\r\n\r\nhunter22-secrethunter22", piece),
              "HTTP/1.0 200 OK\r\n\r\n***************hunter22");
  }
}

TEST(HttpAnswersTest, base64_of_a_value_is_hidden_too) {
  const std::string body = to_base64("user:hunter22-secret");
  const std::string answer = answered(
      "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body, 5);
  EXPECT_THAT(answer, Not(HasSubstr(body.substr(8, 10))));
  EXPECT_THAT(answer, HasSubstr("**********"));
}

TEST(HttpAnswersTest, what_can_be_read_in_two_ways_is_refused) {
  for (const std::string& head :
       {std::string("HTTP/2 200\r\n"), std::string("200 OK\r\n"), std::string("HTTP/1.1 2x0 \r\n"),
        std::string("HTTP/1.1 101 Switching Protocols\r\n"), std::string("HTTP/1.1 099 x\r\n"),
        std::string("HTTP/1.1 200 OK\nA: b\r\n"), std::string("HTTP/1.1 200 OK\r\nno field\r\n"),
        std::string("HTTP/1.1 200 OK\r\n: x\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n"),
        "HTTP/1.1 200 OK\r\nA: " + std::string(200000, 'a') + "\r\n",
        std::string("HTTP/1.1 200 OK\r\nA\0: b\r\n", 25)}) {
    EXPECT_EQ(answered(head + "\r\nok", 10), "refused") << head.substr(0, 80);
  }
  for (const std::string& body :
       {std::string("x\r\n"), std::string("-1\r\na\r\n"), std::string("1\r\nab\r\n"),
        std::string("1\nab\r\n"), std::string("1000000000000000\r\n")}) {
    EXPECT_EQ(answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body, 10),
              "refused")
        << body;
  }
}

TEST(HttpAnswersTest, an_answer_that_nobody_asked_for_is_refused) {
  EXPECT_EQ(answered("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n", 100), "refused");
}

TEST(HttpAnswersTest, an_answer_to_head_has_no_body_whatever_it_says) {
  EXPECT_THAT(answered("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\n", 9,
                       HttpAnswers::Asked::kHead),
              EndsWith("gzip\r\n\r\n"));
}

TEST(SecretHostObserverTest, what_names_no_such_host_goes_on_unchanged) {
  SecretHostObserver guard([](std::string_view name) { return name == "api.example"; });
  std::string out;
  EXPECT_TRUE(guard.up("SSH-2.0", out));
  EXPECT_TRUE(guard.up("\r\n", out) || guard.is_done());
  EXPECT_THAT(out, HasSubstr("SSH-2.0"));
  EXPECT_FALSE(guard.terminates());
}

}  // namespace
}  // namespace pyro::gate
