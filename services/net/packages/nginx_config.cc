#include "services/net/packages/nginx_config.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "common/network/gate_protocol.h"
#include "common/network/package_sites.h"

namespace pyro::net {
namespace {

namespace fs = std::filesystem;

/// Paths as the gate writes them (package_guard.cc).
constexpr std::string_view kRest = R"([A-Za-z0-9._~@+!&'()*,;=:%/-]*)";

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

bool is_address(const std::string& text, int family) {
  unsigned char bytes[16];
  return ::inet_pton(family, text.c_str(), bytes) == 1;
}

std::vector<std::string> words_of(std::string_view line) {
  std::string plain(line.substr(0, line.find('#')));
  std::replace(plain.begin(), plain.end(), '\t', ' ');
  std::vector<std::string> words;
  for (auto& word : split(plain, ' ')) {
    if (!word.empty()) words.push_back(std::move(word));
  }
  return words;
}

std::vector<std::string> lines(const fs::path& file) {
  try {
    return split(read_file(file, 1U << 20U), '\n');
  } catch (const Error&) {
    return {};
  }
}

/// `address:port` of a name that /etc/hosts has, else the authority, which the resolver looks up.
std::string connected_to(const Address& upstream, const NameServers& names) {
  const auto known = names.known.find(upstream.host);
  if (known == names.known.end()) return upstream.authority;
  const std::string port = upstream.authority.substr(upstream.host.size());
  const bool v6 = known->second.find(':') != std::string::npos;
  return (v6 ? "[" + known->second + "]" : known->second) + port;
}

std::string head(const NginxSettings& s) {
  std::vector<std::string> resolvers = s.names.addresses;
  if (resolvers.empty()) resolvers.emplace_back("127.0.0.1");
  const std::string temporary = s.temporary().string();
  return fmt::format(R"(daemon off;
worker_processes 1;
worker_rlimit_nofile 8192;
pid {pid};
error_log stderr error;
events {{
  worker_connections 3072;
}}
http {{
  access_log off;
  log_not_found off;
  server_tokens off;
  default_type application/octet-stream;
  client_body_temp_path {temporary}/body;
  proxy_temp_path {temporary}/proxy;
  fastcgi_temp_path {temporary}/fastcgi;
  uwsgi_temp_path {temporary}/uwsgi;
  scgi_temp_path {temporary}/scgi;
  client_max_body_size 1;
  client_header_timeout 60s;
  large_client_header_buffers 4 8k;
  keepalive_timeout 75s;
  keepalive_requests 100000;
  merge_slashes off;
  absolute_redirect off;
  max_ranges 1;
  tcp_nodelay on;
  sendfile on;
  gunzip on;
  resolver {resolvers} ipv6=off;
  resolver_timeout 10s;
  proxy_cache_path {content} keys_zone=packages:32m max_size={gib}g min_free={free}m inactive=60d use_temp_path=off;
  # Its two forms have one address; everything else has one.
  map $http_accept $brief_form {{
    default "";
    "application/vnd.npm.install-v1+json" "brief";
  }}
  map $brief_form $npm_accept {{
    default "application/json";
    "brief" "application/vnd.npm.install-v1+json";
  }}
  # Of such a length nothing is stored.
  map $upstream_http_content_length $too_long {{
    default 0;
    "~^[0-9]{{10,}}$" 1;
  }}
  proxy_cache packages;
  proxy_no_cache $too_long;
  proxy_cache_methods GET HEAD;
  proxy_cache_lock on;
  proxy_cache_lock_timeout 60s;
  proxy_cache_lock_age 60s;
  proxy_cache_revalidate on;
  proxy_cache_use_stale error timeout http_500 http_502 http_503 http_504;
  proxy_http_version 1.1;
  proxy_pass_request_headers off;
  proxy_pass_request_body off;
  proxy_set_header Connection close;
  proxy_set_header User-Agent "pyro package cache";
  proxy_set_header Authorization "";
  proxy_set_header Cookie "";
  proxy_ignore_headers Vary X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;
  proxy_hide_header Set-Cookie;
  proxy_hide_header Strict-Transport-Security;
  proxy_hide_header Alt-Svc;
  proxy_max_temp_file_size 0;
  proxy_connect_timeout 15s;
  proxy_read_timeout 120s;
  proxy_intercept_errors off;
  proxy_ssl_verify_depth 8;
  proxy_ssl_server_name on;
  proxy_ssl_protocols TLSv1.2 TLSv1.3;
  sub_filter_types *;
  sub_filter_once off;
  add_header X-Package-Cache $upstream_cache_status always;
  server {{
    listen unix:{socket};
    if ($request_method !~ "^(GET|HEAD)$") {{
      return 405;
    }}
    if ($request_uri ~* "//|/\.\.?(/|$)|%2e|%5c|%00|%25") {{
      return 400;
    }}
    location / {{
      return 404;
    }}
    location = /refused/400 {{
      return 400 "the package cache: this is no request that it understands\n";
    }}
    location = /refused/404 {{
      return 404 "the package cache: it serves no such path\n";
    }}
    location = /refused/405 {{
      return 405 "the package cache: it only gives packages, by GET and HEAD\n";
    }}
)",
                     fmt::arg("pid", s.pid_file().string()), fmt::arg("temporary", temporary),
                     fmt::arg("content", s.content().string()),
                     fmt::arg("resolvers", join(resolvers, " ")), fmt::arg("gib", s.size_gib),
                     fmt::arg("free", s.keep_free_mib), fmt::arg("socket", s.socket.string()));
}

/// What two locations of a route share: its paths for ever and the others.
std::string passed_on(const Route& route, const Site& site, const NameServers& names) {
  const Address& to = route.upstream;
  const bool is_npm = site.name == "npm";
  std::string out;
  const auto line = [&out](std::string_view text) { out += fmt::format("      {}\n", text); };
  line(fmt::format(R"(if ($request_uri !~ "^{}(?<rest>{})$") {{)", route.prefix, kRest));
  line("  return 400;");
  line("}");
  line(fmt::format("proxy_pass {}://{}{}$rest;", to.tls ? "https" : "http", connected_to(to, names),
                   to.path));
  line(fmt::format("proxy_cache_key {};",
                   in_quotes(to.text() + "$rest" + (is_npm ? "#$brief_form" : ""))));
  line(fmt::format("proxy_set_header Host {};", to.authority));
  line(fmt::format("proxy_set_header Accept {};",
                   is_npm ? std::string("$npm_accept") : in_quotes(route.accept)));
  // Bodies that are rewritten come plain.
  line(fmt::format("proxy_set_header Accept-Encoding {};",
                   is_npm && route.rewrites.empty() ? std::string("gzip") : in_quotes("")));
  line(R"(proxy_set_header Connection close;)");
  line(R"(proxy_set_header User-Agent "pyro package cache";)");
  // A redirection within the registry stays within the cache.
  line(fmt::format("proxy_redirect {} {};", to.text(),
                   "/" + route.prefix.substr(site.name.size() + 2)));
  line(fmt::format("proxy_redirect {} {};", to.path,
                   "/" + route.prefix.substr(site.name.size() + 2)));
  if (to.tls) {
    line("proxy_ssl_verify on;");
    line(fmt::format("proxy_ssl_name {};", to.host));
    line(fmt::format("proxy_ssl_trusted_certificate {};", in_quotes(site.trusted.string())));
  }
  for (const auto& [from, into] : route.rewrites) {
    line(fmt::format("sub_filter {} {};", in_quotes(from), in_quotes(into)));
  }
  return out;
}

std::string locations(const Route& route, const Site& site, const NameServers& names) {
  const std::string common = passed_on(route, site, names);
  std::string out = fmt::format(R"(    location {} {{
{}      proxy_cache_valid 200 5m;
      proxy_cache_valid 301 302 308 1m;
)",
                                route.prefix, common);
  if (!route.immutable.empty()) {
    out += fmt::format(R"(      location ~ {} {{
{}      proxy_cache_valid 200 365d;
      }}
)",
                       in_quotes("^" + route.prefix + ".*(" + route.immutable + ")"), common);
  }
  return out + "    }\n";
}

}  // namespace

NameServers NameServers::read(const fs::path& root) {
  NameServers found;
  for (const auto& line : lines(root / "etc/resolv.conf")) {
    const auto words = words_of(line);
    if (words.size() < 2 || words[0] != "nameserver") continue;
    if (is_address(words[1], AF_INET)) found.addresses.push_back(words[1]);
    if (is_address(words[1], AF_INET6)) found.addresses.push_back("[" + words[1] + "]");
  }
  for (const auto& line : lines(root / "etc/hosts")) {
    const auto words = words_of(line);
    if (words.empty() || !(is_address(words[0], AF_INET) || is_address(words[0], AF_INET6))) {
      continue;
    }
    // The first line of a name counts, as for the resolver of libc; IPv4 before IPv6.
    for (std::size_t i = 1; i < words.size(); ++i) {
      auto [at, is_new] = found.known.emplace(words[i], words[0]);
      if (!is_new && at->second.find(':') != std::string::npos) at->second = words[0];
    }
  }
  return found;
}

std::string nginx_config(const NginxSettings& settings) {
  std::string out = head(settings);
  for (const Site& site : settings.sites) {
    if (!site.problem.empty()) {
      out += fmt::format("    location /{}/ {{\n      return 503 {};\n    }}\n", site.name,
                         in_quotes("the package cache has no " + site.name + "\\n"));
      continue;
    }
    for (const Route& route : site.routes) out += locations(route, site, settings.names);
    if (site.name == "crates") {
      const std::string here = fmt::format("http://{}:{}", network::GuestNetwork::kGateway,
                                           network::package_site_named("crates")->port);
      out += fmt::format(
          "    location = /crates/index/config.json {{\n      default_type application/json;\n"
          "      return 200 '{{\"dl\":\"{}/crates\"}}';\n    }}\n",
          here);
    }
  }
  return out + "  }\n}\n";
}

}  // namespace pyro::net
