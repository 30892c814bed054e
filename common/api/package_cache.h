#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/api/field.h"

/// The host's package cache. Owner: net service.
namespace pyro::api {

struct PackageCacheSite {
  std::string name;
  std::vector<std::string> upstreams;
  std::optional<std::string> problem;

  template <class Fields>
  static void describe(Fields& f) {
    f("name", &PackageCacheSite::name, "npm, pypi, debian, crates or go.");
    f("upstreams", &PackageCacheSite::upstreams, "Where its packages come from.");
    f("problem", &PackageCacheSite::problem, "Why it serves none.", kAbsentWhenNull);
  }
};

struct PackageCache {
  bool available = false;
  bool running = false;
  std::optional<std::string> message;
  std::string directory;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t most_bytes = 0;
  std::vector<PackageCacheSite> sites;

  template <class Fields>
  static void describe(Fields& f) {
    f("available", &PackageCache::available, "Whether this host has what it needs: nginx.");
    f("running", &PackageCache::running, "Whether it is at work now.");
    f("message", &PackageCache::message, "Why not, with the way out; or its last complaint.",
      kAbsentWhenNull);
    f("directory", &PackageCache::directory, "Where its files are.");
    f("files", &PackageCache::files, "How many responses are in it.");
    f("bytes", &PackageCache::bytes, "What they take on disk.");
    f("most_bytes", &PackageCache::most_bytes, "What they may take.");
    f("sites", &PackageCache::sites, "What it serves.");
  }
};

struct DescribePackageCache {
  static constexpr Method kMethod{"net.package_cache", Idempotent::kYes};
  using Reply = PackageCache;

  template <class Fields>
  static void describe(Fields&) {}
};

struct PrunedPackageCache {
  std::uint64_t files = 0;
  std::uint64_t freed_bytes = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("files", &PrunedPackageCache::files, "Responses that were deleted.");
    f("freed_bytes", &PrunedPackageCache::freed_bytes, "Bytes freed on disk.");
  }
};

/// Deletes all that is cached. Downloads under way break off; their clients try again.
struct PrunePackageCache {
  static constexpr Method kMethod{"net.prune_package_cache", Idempotent::kYes};
  using Reply = PrunedPackageCache;

  template <class Fields>
  static void describe(Fields&) {}
};

using PackageCacheApi = Api<DescribePackageCache, PrunePackageCache>;

}  // namespace pyro::api
