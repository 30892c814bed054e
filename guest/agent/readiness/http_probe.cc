#include "guest/agent/readiness/http_probe.h"

#include <fmt/core.h>

#include <array>
#include <asio/write.hpp>
#include <charconv>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pyro::agent {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::size_t kLongestStatusLine = 4096;

/// The status of `HTTP/1.1 200 OK`; 0 for what is none.
int status_of(std::string_view line) {
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ') return 0;
  int status = 0;
  const auto [end, failed] = std::from_chars(line.data() + 9, line.data() + 12, status);
  return failed == std::errc() && end == line.data() + 12 ? status : 0;
}

std::string why_not(std::string_view line) {
  const int status = status_of(line);
  if (status == 0) return "the answer is no HTTP";
  if (status >= 200 && status < 400) return "";
  return fmt::format("HTTP status {}", status);
}

}  // namespace

HttpTarget HttpTarget::parse(std::string_view url) {
  const bool is_plain =
      url.starts_with(kScheme) && url.find_first_of(std::string_view(" \r\n\t\0", 5)) == url.npos;
  if (!is_plain) {
    throw invalid_argument("'{}' is no URL of the form http://HOST:PORT/PATH", printable(url));
  }
  const std::string_view rest = url.substr(kScheme.size());
  const std::size_t slash = std::min(rest.find_first_of("/?#"), rest.size());
  std::string host(rest.substr(0, slash));
  std::string path(rest.substr(slash, rest.find('#', slash) - slash));
  if (!path.starts_with('/')) path = "/" + path;
  const bool has_port = host.rfind(':') != std::string::npos && !host.ends_with(']');
  return {.place = Place::parse(has_port ? host : host + ":80"),
          .host = std::move(host),
          .path = std::move(path)};
}

HttpProbe::~HttpProbe() {
  if (connecting_) connecting_->cancel();
}

void HttpProbe::look(Found found) {
  answer_.clear();
  connected_ = false;
  found_ = std::move(found);
  connecting_ = std::make_shared<Connecting>(io_, target_.place, [this](const std::string& why) {
    if (!why.empty()) return finish(why);
    connected_ = true;
    ask();
  });
  connecting_->start();
}

void HttpProbe::finish(const std::string& why) {
  connecting_->cancel();
  const Found found = std::exchange(found_, nullptr);
  found(why);
}

void HttpProbe::ask() {
  request_ = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: pyro\r\nAccept: */*\r\nConnection: close\r\n\r\n",
      target_.path, target_.host);
  asio::async_write(connecting_->socket(), asio::buffer(request_),
                    [this, current = connecting_](auto failed, std::size_t) {
                      if (current->is_over()) return;
                      if (failed) return finish(failed.message());
                      read();
                    });
}

void HttpProbe::read() {
  const auto buffer = std::make_shared<std::array<char, 1024>>();
  connecting_->socket().async_read_some(
      asio::buffer(*buffer), [this, buffer, current = connecting_](auto failed, std::size_t bytes) {
        if (current->is_over()) return;
        answer_.append(buffer->data(), bytes);
        const std::size_t end = answer_.find('\n');
        if (end == std::string::npos && !failed && answer_.size() < kLongestStatusLine) {
          return read();
        }
        finish(why_not(answer_.substr(0, end)));
      });
}

}  // namespace pyro::agent
