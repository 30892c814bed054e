#include "services/image/kernel_modules.h"

#include <algorithm>
#include <map>
#include <set>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pyro::image {
namespace {

/// `kernel/drivers/char/hw_random/virtio-rng.ko` → `virtio_rng`: to the kernel `-` is `_`.
std::string module_name(std::string_view path) {
  path.remove_prefix(path.rfind('/') + 1);
  std::string name(path.substr(0, path.find('.')));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

/// A path that does not leave the directory it is relative to.
bool is_plain_path(std::string_view path) {
  return path.ends_with(".ko") && !path.starts_with('/') &&
         path.find("..") == std::string_view::npos;
}

class LoadOrder {
 public:
  explicit LoadOrder(std::string_view modules_dep) {
    for (const auto& line : split(modules_dep, '\n')) {
      const std::size_t colon = line.find(':');
      if (colon == std::string::npos) continue;
      const std::string path(trim(std::string_view(line).substr(0, colon)));
      if (!is_plain_path(path)) continue;
      paths_[module_name(path)] = path;
      auto& needs = needs_[path];
      for (const auto& word : split(line.substr(colon + 1), ' ')) {
        if (const auto dependency = trim(word); !dependency.empty()) needs.emplace_back(dependency);
      }
    }
  }

  bool knows(const std::string& name) const { return paths_.contains(name); }
  void add(const std::string& name) { visit(paths_.at(name)); }
  std::vector<std::string> take() { return std::move(order_); }

 private:
  void visit(const std::string& path) {
    if (done_.contains(path)) return;
    const auto needs = needs_.find(path);
    if (needs == needs_.end()) {
      throw invalid_argument("modules.dep does not list '{}'", printable(path));
    }
    if (!open_.insert(path).second) {
      throw invalid_argument("modules.dep has a circle through '{}'", printable(path));
    }
    for (const auto& dependency : needs->second) visit(dependency);
    open_.erase(path);
    done_.insert(path);
    order_.push_back(path);
  }

  std::map<std::string, std::string> paths_;
  std::map<std::string, std::vector<std::string>> needs_;
  std::set<std::string> open_;
  std::set<std::string> done_;
  std::vector<std::string> order_;
};

}  // namespace

std::span<const WantedModule> guest_modules() {
  using enum WantedModule::Need;
  static const std::vector<WantedModule> modules = {{"virtio_mmio"},
                                                    {"virtio_blk"},
                                                    {"virtio_console"},
                                                    {"ext4"},
                                                    {"overlay"},
                                                    {"virtio_net"},
                                                    {"af_packet"},
                                                    {"virtio_rng"},
                                                    {"vmw_vsock_virtio_transport"},
                                                    {"crc32c_intel", kIfThere}};
  return modules;
}

std::vector<std::string> modules_in_load_order(std::string_view modules_dep,
                                               std::string_view modules_builtin,
                                               std::span<const WantedModule> wanted) {
  std::set<std::string> builtin;
  for (const auto& path : split(modules_builtin, '\n')) builtin.insert(module_name(trim(path)));
  LoadOrder order(modules_dep);
  for (const auto& module : wanted) {
    const std::string name(module.name);
    if (builtin.contains(name)) continue;
    if (order.knows(name)) {
      order.add(name);
    } else if (module.need == WantedModule::Need::kRequired) {
      throw invalid_argument("the kernel package has no module '{}'", name);
    }
  }
  return order.take();
}

}  // namespace pyro::image
