#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <sstream>

#include "common/base/base64.h"
#include "common/base/files.h"
#include "services/net/gate/tls/injector.h"
#include "tests/service/net/tls_ends.h"

namespace pyro::gate {
namespace {

using network::Policy;
using network::Verdict;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* kApi = "203.0.113.10";
constexpr const char* kOther = "203.0.113.20";
constexpr const char* kHost = "api.example";
const std::string kValue = "sk-live+0123456789/abcdef";
const std::string kPlaceholder = "pyro_secret_00112233445566778899aabbccddeeff";

std::string ok(const std::string& body, const std::string& type = "text/plain") {
  return "HTTP/1.1 200 OK\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string get(const std::string& fields, const std::string& target = "/",
                const std::string& host = kHost) {
  return "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + fields + "\r\n";
}

class GateInjection : public ::testing::Test {
 protected:
  GateInjection() : server_({.certificate = root_.issue({.host = kHost})}) {
    server_.answer = [](const std::string&) { return ok("fine"); };
    lab_.internet().set(kHost, {kApi});
    lab_.internet().set("other.example", {kOther});
    lab_.internet().serve(kApi, [this](int socket) { server_.serve(socket); });
    lab_.set_injection(
        {.secrets = {{.hosts = {kHost}, .placeholder = kPlaceholder, .value = {kValue}}},
         .authority = authority_,
         .roots = {root_.certificate()}});
  }
  Policy policy(std::vector<std::string> allow = {}) const {
    return {.kind = api::NetworkPolicy::kEgress,
            .allow = std::move(allow),
            .secret_hosts = {kHost},
            .secret_authority = authority_.certificate};
  }
  void start(std::vector<std::string> allow = {}) {
    lab_.start(policy(std::move(allow)));
    ASSERT_EQ(lab_.resolve(kHost).rcode, 0);
  }
  TlsClient client(const std::string& address = kApi) {
    return TlsClient(lab_.dial(address, 443).fd,
                     {.server_name = kHost, .trusted = authority_.certificate});
  }
  std::string asked(const std::string& request) { return client().ask(request); }
  /// What of the log's bytes and of the reports would show a value.
  std::string log_text() const {
    std::stringstream text;
    for (const auto& entry : std::filesystem::directory_iterator(lab_.directory() / "net")) {
      text << std::ifstream(entry.path()).rdbuf();
    }
    return text.str();
  }

  TestAuthority root_;
  CertificateAuthority authority_ = make_authority({kHost});
  TlsServer server_;
  Lab lab_;
};

TEST_F(GateInjection, a_value_takes_the_place_of_its_placeholder_in_headers_to_its_host) {
  start();
  EXPECT_THAT(asked(get("Authorization: Bearer " + kPlaceholder + "\r\n")), HasSubstr("fine"));
  ASSERT_THAT(server_.requests(), SizeIs(1));
  EXPECT_THAT(server_.requests()[0], HasSubstr("Authorization: Bearer " + kValue + "\r\n"));
  EXPECT_THAT(server_.requests()[0], Not(HasSubstr(kPlaceholder)));
  EXPECT_TRUE(lab_.logged(Verdict::kOpened, "", kHost));
  EXPECT_TRUE(lab_.logged(Verdict::kClosed, "", kHost));
  EXPECT_THAT(log_text(), Not(HasSubstr(kValue)));
}

TEST_F(GateInjection, under_a_list_too) {
  start({"api.example:443"});
  EXPECT_THAT(asked(get("X-Api-Key: " + kPlaceholder + "\r\n")), HasSubstr("fine"));
  EXPECT_THAT(server_.requests()[0], HasSubstr("X-Api-Key: " + kValue + "\r\n"));
}

// 44
TEST_F(GateInjection, a_placeholder_stays_in_urls_bodies_trailers_and_fields_that_servers_keep) {
  start();
  const std::string body = "token=" + kPlaceholder;
  client().ask("POST /?token=" + kPlaceholder + " HTTP/1.1\r\nHost: " + kHost +
               "\r\nUser-Agent: " + kPlaceholder + "\r\nReferer: https://a.example/" +
               kPlaceholder + "\r\nX-" + kPlaceholder +
               ": a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  client().ask("POST / HTTP/1.1\r\nHost: " + std::string(kHost) +
               "\r\nTransfer-Encoding: chunked\r\n\r\n2c\r\n" + kPlaceholder + "\r\n0\r\n\r\n");
  ASSERT_THAT(server_.requests(), SizeIs(2));
  for (const auto& request : server_.requests()) {
    EXPECT_THAT(request, AllOf(HasSubstr(kPlaceholder), Not(HasSubstr(kValue))));
  }
}

// 44
TEST_F(GateInjection, other_hosts_get_no_more_than_the_placeholder) {
  TlsServer other({.certificate = root_.issue({.host = "other.example"})});
  other.answer = [](const std::string&) { return ok("other"); };
  lab_.internet().serve(kOther, [&other](int socket) { other.serve(socket); });
  start();
  // Its TLS is its own: the guest trusts the test's root for it, not the gate's.
  TlsClient opaque(lab_.dial(kOther, 443).fd,
                   {.server_name = "other.example", .trusted = root_.certificate()});
  ASSERT_TRUE(opaque.is_open()) << opaque.error();
  EXPECT_THAT(opaque.ask(get("Authorization: Bearer " + kPlaceholder + "\r\n")),
              HasSubstr("other"));
  // The address of the bound host under another name, and its name at another address.
  TlsClient renamed(lab_.dial(kApi, 443).fd,
                    {.server_name = "other.example", .trusted = authority_.certificate});
  EXPECT_FALSE(renamed.is_open());
  EXPECT_THAT(client(kOther).ask(get("Authorization: " + kPlaceholder + "\r\n")),
              AllOf(StartsWith("HTTP/1.1 502"), HasSubstr("hostname mismatch")));
  ASSERT_THAT(other.requests(), SizeIs(1));
  EXPECT_THAT(other.requests()[0], AllOf(HasSubstr(kPlaceholder), Not(HasSubstr(kValue))));
  EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(GateInjection, plain_http_to_the_same_host_has_the_placeholder) {
  start();
  lab_.internet().serve(kApi, nullptr);
  const std::string request = get("Authorization: " + kPlaceholder + "\r\n");
  EXPECT_EQ(lab_.talk(kApi, 80, request), request);
}

TEST_F(GateInjection, basic_credentials_have_the_value_within_their_base64) {
  start();
  asked(get("Authorization: Basic " + to_base64("user:" + kPlaceholder) + "\r\n"));
  ASSERT_THAT(server_.requests(), SizeIs(1));
  EXPECT_THAT(server_.requests()[0],
              HasSubstr("Authorization: Basic " + to_base64("user:" + kValue) + "\r\n"));
}

TEST_F(GateInjection, a_request_asks_for_no_encoding_and_for_no_part) {
  start();
  asked(get("Accept-Encoding: gzip, br\r\nRange: bytes=0-3\r\nTE: trailers\r\n"));
  const std::string request = server_.requests().at(0);
  EXPECT_THAT(request, HasSubstr("\r\nAccept-Encoding: identity\r\n"));
  EXPECT_THAT(request, Not(HasSubstr("gzip")));
  EXPECT_THAT(request, Not(HasSubstr("Range")));
}

// 44
TEST_F(GateInjection, what_comes_back_of_a_value_is_hidden_at_its_own_length) {
  server_.answer = [](const std::string& request) {
    const std::string head = request.substr(0, request.find("\r\n\r\n"));
    const std::string body =
        "{\"headers\": \"" + head + "\", \"b64\": \"" + to_base64(kValue) + "\"}";
    return "HTTP/1.1 200 " + kValue + "\r\nX-Echo: " + kValue +
           "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  };
  start();
  const std::string answer = asked(get("Authorization: Bearer " + kPlaceholder + "\r\n"));
  EXPECT_THAT(answer, HasSubstr("Bearer " + std::string(kValue.size(), '*')));
  EXPECT_THAT(answer, HasSubstr("X-Echo: " + std::string(kValue.size(), '*') + "\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr(kValue)));
  EXPECT_THAT(answer, Not(HasSubstr(to_base64(kValue).substr(0, 12))));
  EXPECT_THAT(answer, EndsWith("\"}")) << "its length is true";
}

TEST_F(GateInjection, a_value_is_hidden_also_where_chunks_and_writes_cut_it) {
  server_.write_answer = [](const std::string&, SSL* to) {
    write_tls(to, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const char c : "<" + kValue + ">") write_tls(to, "1\r\n" + std::string(1, c) + "\r\n");
    write_tls(to, "0\r\nX-Trailer: " + kValue + "\r\n\r\n");
  };
  start();
  TlsClient guest = client();
  guest.send(get(""));
  std::string answer;
  while (answer.find("X-Trailer") == answer.npos || !answer.ends_with("\r\n\r\n")) {
    const std::string more = guest.receive_some();
    ASSERT_FALSE(more.empty()) << answer;
    answer += more;
  }
  std::string body;
  for (const char c : answer.substr(answer.find("\r\n\r\n"))) {
    if (c == '*' || c == '<' || c == '>' || kValue.find(c) != kValue.npos) body += c;
  }
  EXPECT_THAT(body, Not(HasSubstr("sk-live")));
  EXPECT_EQ(static_cast<std::size_t>(std::count(answer.begin(), answer.end(), '*')),
            2 * kValue.size());
}

TEST_F(GateInjection, an_answer_that_streams_goes_on_at_once) {
  std::mutex lock;
  std::condition_variable changed;
  bool heard = false;
  server_.write_answer = [&](const std::string&, SSL* to) {
    write_tls(to,
              "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
              "Transfer-Encoding: chunked\r\n\r\nd\r\ndata: first\n\n\r\n");
    std::unique_lock held(lock);
    const bool in_time = changed.wait_for(held, std::chrono::seconds(20), [&] { return heard; });
    write_tls(to, in_time ? "d\r\ndata: later\n\n\r\n0\r\n\r\n" : "0\r\n\r\n");
  };
  start();
  TlsClient guest = client();
  guest.send(get(""));
  std::string text;
  while (text.find("first\n\n") == text.npos) {
    const std::string more = guest.receive_some();
    ASSERT_FALSE(more.empty());
    text += more;
  }
  {
    const std::lock_guard held(lock);
    heard = true;
  }
  changed.notify_all();
  while (text.find("0\r\n\r\n") == text.npos) {
    const std::string more = guest.receive_some();
    ASSERT_FALSE(more.empty());
    text += more;
  }
  EXPECT_THAT(text, HasSubstr("later"));
}

TEST_F(GateInjection, an_encoded_answer_does_not_go_on) {
  server_.answer = [](const std::string&) {
    return "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b__";
  };
  start();
  EXPECT_THAT(asked(get("")), AllOf(StartsWith("HTTP/1.1 502 Bad Gateway\r\n"),
                                    HasSubstr("is encoded (gzip)"), Not(HasSubstr("\x1f"))));
  EXPECT_TRUE(lab_.logged(Verdict::kDenied, "answer_encoded", kHost));
}

TEST_F(GateInjection, an_answer_that_can_be_read_in_two_ways_does_not_go_on) {
  start();
  for (const std::string& fields :
       {std::string("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"),
        std::string("Content-Length: 2\r\nContent-Length: 3\r\n"),
        std::string("Content-Length: +2\r\n"), std::string("Transfer-Encoding : chunked\r\n"),
        std::string("Transfer-Encoding: gzip, chunked\r\n"), std::string(" folded: a\r\n")}) {
    server_.answer = [fields](const std::string&) {
      return "HTTP/1.1 200 OK\r\n" + fields + "\r\nok";
    };
    EXPECT_THAT(asked(get("")), StartsWith("HTTP/1.1 502")) << fields;
  }
}

TEST_F(GateInjection, a_body_that_ends_with_its_connection_comes_whole) {
  server_.answer = [](const std::string&) {
    return "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nthe end " + kValue.substr(0, 10);
  };
  start();
  TlsClient guest = client();
  guest.send(get(""));
  std::string text;
  for (std::string more = guest.receive_some(); !more.empty(); more = guest.receive_some()) {
    text += more;
  }
  EXPECT_THAT(text, EndsWith("the end " + kValue.substr(0, 10)));
  EXPECT_TRUE(guest.is_closed());
}

TEST_F(GateInjection, a_server_that_closes_without_an_answer_is_told_about) {
  server_.answer = [](const std::string&) { return ""; };
  start();
  EXPECT_THAT(asked(get("")), AllOf(StartsWith("HTTP/1.1 502"), HasSubstr("without an answer")));
  // One that has answered before closed as servers do: a client asks again by itself.
  server_.answer = [](const std::string& request) {
    return request.find("/second") == request.npos ? ok("fine") : "";
  };
  TlsClient guest = client();
  EXPECT_THAT(guest.ask(get("")), HasSubstr("fine"));
  EXPECT_EQ(guest.ask(get("", "/second")), "");
}

TEST_F(GateInjection, each_request_of_a_connection_is_for_the_host_of_its_tls) {
  start();
  TlsClient guest = client();
  EXPECT_THAT(guest.ask(get("")), HasSubstr("fine"));
  EXPECT_THAT(guest.ask(get("Authorization: " + kPlaceholder + "\r\n", "/", "other.example")),
              AllOf(StartsWith("HTTP/1.1 421"), HasSubstr("another host")));
  EXPECT_TRUE(guest.is_closed());
  ASSERT_THAT(server_.requests(), SizeIs(1));
  EXPECT_TRUE(lab_.logged(Verdict::kDenied, "host_not_server_name", kHost));
  // Pipelined.
  TlsClient both = client();
  both.send(get("") + get("", "/", "other.example"));
  EXPECT_THAT(both.receive(), StartsWith("HTTP/1.1 421"));
}

TEST_F(GateInjection, requests_that_could_be_read_in_two_ways_or_lead_elsewhere_are_refused) {
  start();
  const std::string host = std::string("Host: ") + kHost + "\r\n";
  for (const std::string& request :
       {"POST / HTTP/1.1\r\n" + host +
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        "GET / HTTP/1.1\r\n" + host + host + "\r\n",
        std::string("GET / HTTP/1.1\r\nHost : x\r\n\r\n"), "GET / HTTP/1.1\n" + host + "\n",
        "CONNECT a:1 HTTP/1.1\r\n" + host + "\r\n",
        "GET https://other.example/ HTTP/1.1\r\n" + host + "\r\n",
        "GET / HTTP/1.1\r\n" + host + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), std::string("not HTTP\r\n\r\n")}) {
    EXPECT_THAT(asked(request), StartsWith("HTTP/1.1 400")) << request;
  }
  EXPECT_THAT(server_.requests(), IsEmpty());
  EXPECT_TRUE(lab_.logged(Verdict::kDenied, "no_plain_http", kHost));
}

TEST_F(GateInjection, heads_that_are_long_pass_and_those_that_are_too_long_are_refused) {
  start();
  const std::string filler(28U << 10U, 'x');
  EXPECT_THAT(asked(get("A: " + filler + "\r\nB: " + filler + "\r\n")), HasSubstr("fine"));
  EXPECT_THAT(asked(get("A: " + filler + "\r\nB: " + filler + "\r\nC: " + filler + "\r\n")),
              StartsWith("HTTP/1.1 400"));
  // The same placeholder so often that its values are longer than any head.
  lab_.set_injection({.secrets = {{.hosts = {kHost},
                                   .placeholder = "pyro_secret_ff",
                                   .value = {std::string(8U << 10U, 'v')}}},
                      .authority = authority_,
                      .roots = {root_.certificate()}});
  lab_.set_policy(policy());
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "pyro_secret_ff";
  EXPECT_THAT(asked(get("A: " + many + "\r\n")), StartsWith("HTTP/1.1 400"));
  ASSERT_THAT(server_.requests(), SizeIs(1));
}

TEST_F(GateInjection, a_client_that_speaks_only_h2_hears_so_in_its_handshake) {
  start();
  {
    const TlsClient guest(
        lab_.dial(kApi, 443).fd,
        {.server_name = kHost, .trusted = authority_.certificate, .protocols = {"h2"}});
    EXPECT_FALSE(guest.is_open());
    EXPECT_THAT(guest.error(), HasSubstr("no application protocol"));
  }
  EXPECT_TRUE(lab_.logged(Verdict::kClosed, "guest_without_http1", kHost));
  TlsClient either(
      lab_.dial(kApi, 443).fd,
      {.server_name = kHost, .trusted = authority_.certificate, .protocols = {"h2", "http/1.1"}});
  EXPECT_THAT(either.ask(get("")), HasSubstr("fine"));
}

TEST_F(GateInjection, a_client_that_does_not_trust_the_workspaces_authority_is_in_the_log) {
  start();
  EXPECT_FALSE(
      TlsClient(lab_.dial(kApi, 443).fd, {.server_name = kHost, .trusted = root_.certificate()})
          .is_open());
  EXPECT_TRUE(lab_.logged(Verdict::kClosed, "guest_refuses_certificate", kHost));
  EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(GateInjection, a_server_whose_certificate_is_bad_gets_no_request_and_the_guest_hears_why) {
  struct Case {
    IssuedCertificate certificate;
    std::string why;
  };
  start();
  for (const auto& [certificate, why] :
       {Case{root_.issue({.host = kHost, .days = -1}), "certificate has expired"},
        Case{root_.issue({.host = "other.example"}), "hostname mismatch"},
        Case{root_.issue({.host = kHost, .self_signed = true}), "self-signed certificate"},
        Case{TestAuthority("another root").issue({.host = kHost}),
             "unable to get local issuer certificate"}}) {
    TlsServer bad({.certificate = certificate});
    lab_.internet().serve(kApi, [&bad](int socket) { bad.serve(socket); });
    EXPECT_THAT(asked(get("Authorization: " + kPlaceholder + "\r\n")),
                AllOf(StartsWith("HTTP/1.1 502"), HasSubstr("is not trusted by the host: " + why)));
    EXPECT_THAT(bad.requests(), IsEmpty());
  }
  EXPECT_TRUE(lab_.logged(Verdict::kDenied, "server_certificate_refused", kHost));
}

TEST_F(GateInjection, a_server_that_speaks_only_h2_or_no_tls_is_told_about) {
  TlsServer modern({.certificate = root_.issue({.host = kHost}), .only_h2 = true});
  lab_.internet().serve(kApi, [&modern](int socket) { modern.serve(socket); });
  start();
  EXPECT_THAT(asked(get("")),
              AllOf(StartsWith("HTTP/1.1 502"), HasSubstr("speaks no TLS with the host")));
  for (const std::string& words : {std::string("220 mail\r\n"), std::string()}) {
    lab_.internet().serve(kApi, [words](int socket) {
      char byte = 0;
      ::recv(socket, &byte, 1, 0);
      ::send(socket, words.data(), words.size(), MSG_NOSIGNAL);
    });
    EXPECT_THAT(asked(get("")), StartsWith("HTTP/1.1 502")) << words;
  }
  EXPECT_TRUE(lab_.logged(Verdict::kClosed, "server_tls_failed", kHost));
}

TEST_F(GateInjection, a_server_that_speaks_before_the_guest_is_no_tls_server) {
  lab_.internet().serve(kApi, [](int socket) {
    ::send(socket, "220 mail\r\n", 10, MSG_NOSIGNAL);
    char byte = 0;
    while (::recv(socket, &byte, 1, 0) > 0) continue;
  });
  start();
  const auto dialed = lab_.dial(kApi, 443);
  char first = 0;
  ASSERT_EQ(::recv(dialed.fd.get(), &first, 1, MSG_PEEK), 1);
  lab_.exchange(dialed.fd.get(), hello_for(kHost));
  EXPECT_TRUE(lab_.logged(Verdict::kClosed, "server_tls_failed", kHost));
}

TEST_F(GateInjection, the_guests_own_certificate_goes_nowhere_and_a_server_that_wants_one_fails) {
  TlsServer strict({.certificate = root_.issue({.host = kHost}), .wants_client_certificate = true});
  lab_.internet().serve(kApi, [&strict](int socket) { strict.serve(socket); });
  start();
  TlsClient guest(lab_.dial(kApi, 443).fd,
                  {.server_name = kHost,
                   .trusted = authority_.certificate,
                   .certificate = root_.issue({.host = "client.example"})});
  ASSERT_TRUE(guest.is_open());
  EXPECT_THAT(guest.ask(get("")),
              AllOf(StartsWith("HTTP/1.1 502"), HasSubstr("asks for a certificate of the client")));
  EXPECT_THAT(strict.requests(), IsEmpty());
}

TEST_F(GateInjection, under_a_list_another_name_of_the_same_address_is_refused) {
  start({"api.example:443"});
  const TlsClient renamed(lab_.dial(kApi, 443).fd,
                          {.server_name = "other.example", .trusted = root_.certificate()});
  EXPECT_FALSE(renamed.is_open());
  EXPECT_TRUE(lab_.logged(Verdict::kDenied, "server_name_not_allowed", "other.example"));
}

TEST_F(GateInjection, what_is_no_tls_passes_without_a_list) {
  start();
  EXPECT_EQ(lab_.talk(kOther, 443, "plain text\n"), "plain text\n");
  EXPECT_EQ(lab_.talk(kOther, 443, hello_for("other.example")), hello_for("other.example"));
}

TEST_F(GateInjection, clients_that_dribble_or_say_nothing_hold_nobody_up) {
  start();
  std::vector<Lab::Dialed> slow;
  const std::string hello = hello_for(kHost);
  for (int i = 0; i < 30; ++i) {
    slow.push_back(lab_.dial(kApi, 443));
    ASSERT_EQ(slow.back().error, 0);
    const auto some = hello.substr(0, static_cast<std::size_t>(i) * 2);
    ::send(slow.back().fd.get(), some.data(), some.size(), MSG_NOSIGNAL);
  }
  TlsClient dribbling = client();
  for (const char c : get("A: b\r\n").substr(0, 20)) dribbling.send(std::string(1, c));
  EXPECT_THAT(asked(get("")), HasSubstr("fine"));
  dribbling.send(get("A: b\r\n").substr(20));
  EXPECT_THAT(dribbling.receive(), HasSubstr("fine"));
}

TEST_F(GateInjection, sessions_are_capped_and_those_that_end_make_room) {
  start();
  std::vector<TlsClient> open;
  for (std::size_t i = 0; i < Injector::kMostSessions; ++i) {
    open.push_back(client());
    ASSERT_TRUE(open.back().is_open()) << i;
  }
  EXPECT_FALSE(client().is_open());
  EXPECT_TRUE(lab_.logged(Verdict::kDenied, "too_many_connections", kHost));
  open.clear();
  EXPECT_TRUE(test::soon([&] { return client().is_open(); }));
}

TEST_F(GateInjection, many_requests_on_one_connection_and_many_at_once_are_each_answered) {
  server_.answer = [](const std::string& request) {
    return ok(request.substr(4, request.find(' ', 4) - 4));
  };
  start();
  TlsClient guest = client();
  for (int i = 0; i < 300; ++i) {
    const std::string target = "/" + std::to_string(i);
    ASSERT_THAT(guest.ask(get("Authorization: " + kPlaceholder + "\r\n", target)),
                EndsWith(target));
  }
  std::string all;
  for (int i = 0; i < 100; ++i) all += get("", "/p" + std::to_string(i));
  guest.send(all);
  for (int i = 0; i < 100; ++i) {
    ASSERT_THAT(guest.receive(), EndsWith("/p" + std::to_string(i)));
  }
  for (const auto& request : server_.requests()) {
    EXPECT_THAT(request, Not(HasSubstr(kPlaceholder)));
  }
}

TEST_F(GateInjection, answers_without_a_body_are_told_from_those_with_one) {
  server_.answer = [](const std::string& request) -> std::string {
    if (request.starts_with("HEAD")) return "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    if (request.starts_with("GET /304")) return "HTTP/1.1 304 Not Modified\r\n\r\n";
    if (request.starts_with("GET /100")) return "HTTP/1.1 103 Early Hints\r\n\r\n" + ok("last");
    return ok("fine");
  };
  start();
  TlsClient guest = client();
  guest.send("HEAD / HTTP/1.1\r\nHost: " + std::string(kHost) + "\r\n\r\n" + get("", "/304") +
             get("", "/100") + get(""));
  std::string text;
  while (text.find("fine") == text.npos) {
    const std::string more = guest.receive_some();
    ASSERT_FALSE(more.empty()) << text;
    text += more;
  }
  EXPECT_THAT(text, AllOf(HasSubstr("1000\r\n\r\nHTTP/1.1 304"), HasSubstr("103 Early Hints"),
                          HasSubstr("last")));
}

TEST_F(GateInjection, a_hundred_megabytes_go_each_way_unchanged) {
  constexpr std::size_t kPiece = 1U << 20U;
  constexpr std::size_t kPieces = 100;
  std::string piece(kPiece, '\0');
  for (std::size_t i = 0; i < kPiece; ++i) piece[i] = static_cast<char>(i * 2654435761U >> 13U);
  std::atomic<std::size_t> got_up = 0;
  std::atomic<bool> same = true;
  server_.answer = [&](const std::string& request) {
    const std::string body = request.substr(request.find("\r\n\r\n") + 4);
    got_up += body.size();
    if (body != piece) same = false;
    return ok(body, "application/octet-stream");
  };
  start();
  TlsClient guest = client();
  const std::string head = "PUT / HTTP/1.1\r\nHost: " + std::string(kHost) +
                           "\r\nContent-Length: " + std::to_string(kPiece) + "\r\n\r\n";
  for (std::size_t i = 0; i < kPieces; ++i) {
    const std::string answer = guest.ask(head + piece);
    ASSERT_TRUE(answer.ends_with(piece)) << i;
  }
  EXPECT_TRUE(same);
  EXPECT_EQ(got_up, kPieces * kPiece);
}

TEST_F(GateInjection, a_gate_that_is_killed_amid_a_transfer_comes_back_with_the_same_authority) {
  server_.write_answer = [](const std::string&, SSL* to) {
    write_tls(to, "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + std::string(1000, 'h'));
  };
  start();
  TlsClient guest = client();
  guest.send(get(""));
  ASSERT_FALSE(guest.receive_some().empty());
  lab_.kill_gate();
  server_.write_answer = nullptr;
  start();
  EXPECT_THAT(asked(get("Authorization: " + kPlaceholder + "\r\n")), HasSubstr("fine"));
  EXPECT_THAT(server_.requests().back(), HasSubstr(kValue));
}

TEST_F(GateInjection, a_policy_that_injects_without_its_secrets_is_refused) {
  lab_.start(open_policy());
  network::send_order(lab_.control(), {policy()});
  const auto received = network::receive_report(lab_.control());
  ASSERT_TRUE(received);
  EXPECT_EQ(received->report.event, network::GateEvent::kPolicyRefused);
}

TEST_F(GateInjection, the_gates_arguments_variables_and_cores_have_no_value) {
  start();
  asked(get("Authorization: " + kPlaceholder + "\r\n"));
  const std::string process = "/proc/" + std::to_string(lab_.gate().pid());
  std::stringstream all;
  all << std::ifstream(process + "/cmdline").rdbuf() << std::ifstream(process + "/environ").rdbuf();
  EXPECT_THAT(all.str(), Not(HasSubstr(kValue)));
  std::stringstream limits;
  limits << std::ifstream(process + "/limits").rdbuf();
  EXPECT_THAT(limits.str(), ContainsRegex("Max core file size +0 +0"));
}

}  // namespace
}  // namespace pyro::gate
