#pragma once

#include <string_view>

/// Why something was denied, failed or was closed, as the log names it. `network log` shows them,
/// and exec results: docs/network.md explains each.
namespace pyro::gate::denial {

// Of destinations.
inline constexpr std::string_view kPolicyOff = "network_off";
inline constexpr std::string_view kCacheOnly = "cache_only";
inline constexpr std::string_view kNotPublic = "address_not_public";
inline constexpr std::string_view kOwnAddress = "address_of_host";
inline constexpr std::string_view kAddressUnknown = "address_without_name";
inline constexpr std::string_view kNameNotAllowed = "name_not_allowed";
inline constexpr std::string_view kPortNotAllowed = "port_not_allowed";
inline constexpr std::string_view kUdpNotAllowed = "udp_not_allowed";
inline constexpr std::string_view kTooMany = "too_many_connections";
// Of what a connection says.
inline constexpr std::string_view kNoTls = "no_tls";
inline constexpr std::string_view kNoServerName = "no_server_name";
inline constexpr std::string_view kServerNameNotAllowed = "server_name_not_allowed";
inline constexpr std::string_view kServerNameElsewhere = "server_name_of_other_address";
inline constexpr std::string_view kNoHttp = "no_plain_http";
inline constexpr std::string_view kHostNotAllowed = "host_not_allowed";
inline constexpr std::string_view kHostElsewhere = "host_of_other_address";
inline constexpr std::string_view kSilence = "said_nothing";
// Of hosts that secrets are bound to, whose TLS is terminated.
inline constexpr std::string_view kHostNotServerName = "host_not_server_name";
inline constexpr std::string_view kServerCertificate = "server_certificate_refused";
inline constexpr std::string_view kServerTls = "server_tls_failed";
inline constexpr std::string_view kAnswerEncoded = "answer_encoded";
inline constexpr std::string_view kAnswerNoHttp = "answer_no_plain_http";
inline constexpr std::string_view kGuestRefuses = "guest_refuses_certificate";
inline constexpr std::string_view kGuestWithoutHttp1 = "guest_without_http1";
inline constexpr std::string_view kGuestTls = "guest_tls_failed";
// Of questions.
inline constexpr std::string_view kBadQuestion = "question_malformed";
inline constexpr std::string_view kLocalName = "name_is_local";
inline constexpr std::string_view kTypeNotAllowed = "record_type_not_allowed";
inline constexpr std::string_view kAnswerNotPublic = "answer_not_public";
inline constexpr std::string_view kTooOften = "too_many_questions";
inline constexpr std::string_view kNoAnswer = "no_answer";
// Of what is asked of the package cache.
inline constexpr std::string_view kNotCached = "not_served_by_cache";
// Of connections that were open, or allowed.
inline constexpr std::string_view kPolicyChanged = "policy_changed";
inline constexpr std::string_view kRefused = "connection_refused";
inline constexpr std::string_view kUnreachable = "unreachable";
inline constexpr std::string_view kTimedOut = "timed_out";
inline constexpr std::string_view kNotTaken = "not_taken_by_guest";

}  // namespace pyro::gate::denial
