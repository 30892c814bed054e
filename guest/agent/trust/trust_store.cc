#include "guest/agent/trust/trust_store.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"

namespace pyro::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----\n";
constexpr std::uint64_t kMostStoreBytes = 8U << 20U;

/// Everything from here to the end of a store is ours.
constexpr std::string_view kOurs = "# Certificates that pyro adds to this machine.\n";

/// Debian's, and that of most; Fedora's; SUSE's.
constexpr std::string_view kStores[] = {"etc/ssl/certs/ca-certificates.crt",
                                        "etc/pki/tls/certs/ca-bundle.crt", "etc/ssl/ca-bundle.pem"};
constexpr std::string_view kSources = "usr/local/share/ca-certificates";
constexpr std::string_view kSourcePrefix = "pyro-";
constexpr std::string_view kAdded = "run/pyro-trust/certificates.pem";

/// Of programs that take another store in the place of their own.
constexpr const char* kStoreVariables[] = {
    "SSL_CERT_FILE", "CURL_CA_BUNDLE",    "GIT_SSL_CAINFO", "REQUESTS_CA_BUNDLE",
    "PIP_CERT",      "CARGO_HTTP_CAINFO", "AWS_CA_BUNDLE"};
/// Of programs that take more.
constexpr const char* kMoreVariables[] = {"NODE_EXTRA_CA_CERTS", "DENO_CERT"};

/// The host has read them as certificates; here they only must be nothing else.
void check(const std::string& certificate) {
  constexpr std::string_view kCharacters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\n";
  std::string_view body = certificate;
  if (!body.starts_with(kBegin) || !body.ends_with(kEnd)) throw invalid_argument("no certificate");
  body.remove_prefix(kBegin.size());
  body.remove_suffix(kEnd.size());
  if (body.find_first_not_of(kCharacters) != std::string_view::npos) {
    throw invalid_argument("no certificate");
  }
}

std::set<std::string_view> certificates_of(std::string_view store) {
  std::set<std::string_view> found;
  for (std::size_t at = store.find(kBegin); at != std::string_view::npos;
       at = store.find(kBegin, at + 1)) {
    const std::size_t end = store.find(kEnd, at);
    if (end == std::string_view::npos) break;
    found.insert(store.substr(at, end + kEnd.size() - at));
  }
  return found;
}

std::string source_name(std::size_t number) {
  return fmt::format("{}{:04}.crt", kSourcePrefix, number);
}

/// For every user of the guest.
void make_directories(const fs::path& path) {
  if (path.empty() || fs::exists(path)) return;
  make_directories(path.parent_path());
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
    throw system_error(fmt::format("mkdir '{}'", path.string()));
  }
}

UniqueFd open_plain(const fs::path& path) {
  UniqueFd file = open_file(path, O_RDWR | O_CREAT | O_NONBLOCK, 0644);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) throw system_error(path.string());
  if (!S_ISREG(info.st_mode)) throw invalid_argument("'{}' is no file", path.string());
  return file;
}

void write_plain(const fs::path& path, std::string_view text) {
  make_directories(path.parent_path());
  const UniqueFd file = open_plain(path);
  if (read_to_end(file.get(), text.size() + 1) == text) return;
  if (::ftruncate(file.get(), 0) != 0 || ::lseek(file.get(), 0, SEEK_SET) != 0) {
    throw system_error(path.string());
  }
  write_all(file.get(), text);
}

}  // namespace

fs::path TrustStore::at(std::string_view path) const { return root_ / path; }

/// The first that is there.
fs::path TrustStore::store() const {
  std::error_code none;
  for (const auto path : kStores) {
    if (fs::is_regular_file(at(path), none)) return at(path);
  }
  return at(kStores[0]);
}

void TrustStore::set(const api::agent::TrustCertificates& wanted) {
  for (const auto& one : wanted.certificates) check(one);
  for (const auto& one : wanted.public_ones) check(one);
  std::error_code none;
  if (wanted.certificates.empty() && variables_.empty() && !fs::exists(first_source(), none)) {
    return;  // a machine that never had any
  }
  const fs::path path = store();
  std::string text;
  if (fs::is_regular_file(path, none)) text = read_file(path, kMostStoreBytes);
  const std::size_t ours = std::min(text.find(kOurs), text.size());
  const std::string_view own = std::string_view(text).substr(0, ours);
  const auto there = certificates_of(own);
  std::vector<std::string> added;
  for (const auto& one : wanted.certificates) {
    if (!there.contains(one)) added.push_back(one);
  }
  write_sources(added);
  std::string part = added.empty() ? "" : std::string(kOurs);
  for (const auto& one : added) part += one;
  write_plain(at(kAdded), part);
  if (there.empty() && !added.empty()) {
    for (const auto& one : wanted.public_ones) part += one;
  }
  variables_.clear();
  if (!added.empty()) {
    const std::string store_in_guest = "/" + path.lexically_relative(root_).string();
    for (const char* name : kStoreVariables) variables_[name] = store_in_guest;
    for (const char* name : kMoreVariables) variables_[name] = "/" + std::string(kAdded);
  }
  if (text.substr(ours) == part) return;
  if (!own.empty() && own.back() != '\n') part.insert(0, "\n");
  make_directories(path.parent_path());
  const UniqueFd file = open_plain(path);
  // Its own part stays as it is, whatever ends this in between.
  const auto from = static_cast<off_t>(ours);
  if (::ftruncate(file.get(), from) != 0 || ::lseek(file.get(), from, SEEK_SET) != from) {
    throw system_error(path.string());
  }
  write_all(file.get(), part);
}

fs::path TrustStore::first_source() const { return at(kSources) / source_name(1); }

void TrustStore::write_sources(const std::vector<std::string>& certificates) const {
  const fs::path directory = at(kSources);
  std::set<std::string> names;
  for (const auto& one : certificates) {
    const std::string name = source_name(names.size() + 1);
    write_plain(directory / name, one);
    names.insert(name);
  }
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(directory, none)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kSourcePrefix) && !names.contains(name)) fs::remove(entry.path(), none);
  }
}

}  // namespace pyro::agent
