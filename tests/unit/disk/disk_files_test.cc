#include "services/files/disk/disk_files.h"

#include <sys/stat.h>

#include "common/base/reasons/files.h"
#include "common/config/programs.h"
#include "tests/support/errors.h"
#include "tests/unit/disk/disk_fixture.h"

namespace pyro::files {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DiskFiles : public Disks {
 protected:
  api::FileList list(const std::string& path, bool recursive = false, std::uint32_t offset = 0) {
    return list_disk(
        reader_,
        {.disks = disks_, .request = {.path = path, .recursive = recursive, .offset = offset}},
        work_);
  }
  api::FileContent read(const std::string& path, std::uint64_t max_bytes = 65536,
                        std::uint64_t offset = 0, bool as_base64 = false) {
    return read_disk(reader_,
                     {.disks = disks_,
                      .request = {.path = path,
                                  .max_bytes = max_bytes,
                                  .offset = offset,
                                  .as_base64 = as_base64}},
                     work_);
  }
  api::DiskExported export_to(const std::filesystem::path& output, bool by_model = false,
                              const std::string& guarded_below = "") {
    return export_disk(exports_, limits_,
                       {.disks = disks_,
                        .request = {.output_path = output.string(),
                                    .by_model = by_model,
                                    .guarded_below = guarded_below}},
                       work_);
  }

  DiskReader reader_{sibling_program("pyro-disk-reader")};
  ExportLimits limits_{.keep_free_mib = 1};
  PendingExports exports_{directory_ / "exports"};
  std::vector<api::Progress> progress_;
  Work work_{.deadline = Clock::now() + std::chrono::minutes(1),
             .progress = [this](const api::Progress& step) { progress_.push_back(step); }};
};

TEST_F(DiskFiles, a_list_has_absolute_paths_sorted_with_types_and_sizes) {
  const auto found = list("/workspace", true);
  EXPECT_EQ(found.path, "/workspace");
  EXPECT_EQ(found.artifact_type, api::ArtifactType::kDirectory);
  std::vector<std::string> paths;
  for (const auto& entry : found.entries) paths.push_back(entry.path);
  EXPECT_THAT(paths, ElementsAre("/workspace/README.md", "/workspace/hosts", "/workspace/src",
                                 "/workspace/src/main.c", "/workspace/tools"));
  EXPECT_EQ(found.count, 5U);
  EXPECT_EQ(found.entries[3].size_bytes, 10'000U);
  EXPECT_EQ(found.entries[1].link_target, "/etc/hosts");
  EXPECT_EQ(list("/workspace", true, 4).entries.size(), 1U);
  EXPECT_EQ(list("/").path, "/");
  EXPECT_EQ(list("//etc/./").entries.front().path, "/etc/added");
  EXPECT_EQ(list("/etc/hosts").entries.front().path, "/etc/hosts");
  EXPECT_EQ(list("src").entries.front().path, "/workspace/src/main.c");
}

TEST_F(DiskFiles, refusals_are_those_of_the_contract) {
  EXPECT_THAT(error_of([&] { list("/no/such"); }),
              Refused(ErrorCode::kNotFound, "workspace disk path does not exist: /no/such"));
  EXPECT_THAT(error_of([&] { read("/no/such"); }),
              Refused(ErrorCode::kNotFound, "workspace disk path does not exist: /no/such"));
  for (const char* path : {"/etc", "/bin", "/workspace"}) {
    EXPECT_THAT(
        error_of([&] { read(path); }),
        Refused(ErrorCode::kFailedPrecondition, "workspace disk read only supports regular files"))
        << path;
  }
  EXPECT_THAT(error_of([&] { read("../etc/hosts"); }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("..")));
  EXPECT_THAT(error_of([&] { read(""); }), Refused(ErrorCode::kInvalidArgument));
  EXPECT_THAT(error_of([&] { list(std::string(300, 'x')); }), Refused(ErrorCode::kInvalidArgument));
  std::filesystem::remove(disks_.environment);
  EXPECT_THAT(error_of([&] { list("/etc"); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("environment is gone")));
  put(disks_.workspace, std::string(10'000, 'x'));
  EXPECT_THAT(error_of([&] { list("/workspace"); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("damaged")));
}

TEST_F(DiskFiles, a_read_is_a_page_as_that_of_a_file) {
  const auto page = read("/etc/hosts", 9);
  EXPECT_EQ(page.path, "/etc/hosts");
  EXPECT_EQ(page.content, "127.0.0.1");
  EXPECT_EQ(page.size_bytes, 20U);
  EXPECT_EQ(page.max_bytes, 9U);
  EXPECT_TRUE(page.truncated);
  EXPECT_EQ(page.next_offset, 9U);
  EXPECT_FALSE(read("/etc/hosts", 100, 9).truncated);
  EXPECT_EQ(read("/etc/hosts", 9, 0, true).content, "MTI3LjAuMC4x");
  put(directory_ / "latin", "caf\xe9 with more text of that kind");
  put(directory_ / "binary", std::string("\0\1\2", 3));
  edit(disks_.workspace, {"cd /tree", "write " + (directory_ / "latin").string() + " latin",
                          "write " + (directory_ / "binary").string() + " binary"});
  EXPECT_EQ(read("latin").encoding, api::FileEncoding::kNotUtf8);
  EXPECT_EQ(read("binary").encoding, api::FileEncoding::kBinary);
  EXPECT_EQ(read("binary").content, "");
}

TEST_F(DiskFiles, an_export_is_the_disk_sparse_and_sound) {
  const auto output = directory_ / "out/disk.ext4";
  const auto exported = export_to(output);
  EXPECT_EQ(exported.output_path, output.string());
  EXPECT_EQ(exported.disk_format, "ext4");
  EXPECT_EQ(exported.size_bytes, 32U << 20U);
  EXPECT_LT(exported.bytes_written, exported.size_bytes);
  EXPECT_GT(exported.bytes_written, 0U);
  EXPECT_EQ(read_file(output), read_file(disks_.workspace));
  struct stat info {};
  ASSERT_EQ(::stat(output.c_str(), &info), 0);
  EXPECT_LT(info.st_blocks * 512, info.st_size);
  EXPECT_THAT(run({"debugfs", "-R", "ls /tree", output.string()}), HasSubstr("README.md"));
  EXPECT_TRUE(std::filesystem::is_empty(directory_ / "exports"));
}

TEST_F(DiskFiles, an_export_goes_where_nothing_is_and_where_a_model_may) {
  put(directory_ / "there", "x");
  EXPECT_THAT(error_of([&] { export_to(directory_ / "there"); }),
              Refused(ErrorCode::kAlreadyExists,
                      "output_path already exists: " + (directory_ / "there").string()));
  std::filesystem::create_directories(directory_ / "project/.git");
  EXPECT_TRUE(error_of([&] { export_to(directory_ / "project/.git/hooks/x", true); }));
  EXPECT_THAT(error_of([&] {
                export_to(directory_ / "project/.envrc", true, (directory_ / "project").string());
              }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("programs on the host obey")));
  std::filesystem::create_directory_symlink(directory_ / "project", directory_ / "link");
  EXPECT_TRUE(error_of([&] { export_to(directory_ / "link/disk", true); }));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "project/disk"));
}

TEST_F(DiskFiles, a_disk_that_does_not_fit_into_what_models_may_export_is_not_copied_at_all) {
  limits_.by_models = 4096;
  const auto output = directory_ / "project/.pyro/exports/disk.ext4";
  EXPECT_THAT(error_of([&] { export_to(output, true); }), Refused(reason::kExportsFull));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "project/.pyro"));
  EXPECT_TRUE(progress_.empty());
  export_to(output);
  EXPECT_TRUE(std::filesystem::exists(output)) << "a person may";
}

TEST_F(DiskFiles, a_cancelled_export_leaves_nothing) {
  std::stop_source stop;
  work_.stop = stop.get_token();
  work_.progress = [&stop](const api::Progress&) { stop.request_stop(); };
  put(directory_ / "big/tree/file", std::string(200U << 10U, 'b'));
  put(directory_ / "big/tree/other", std::string(200U << 10U, 'c'));
  make(disks_.workspace, directory_ / "big");
  const auto output = directory_ / "out/disk.ext4";
  EXPECT_THAT(error_of([&] { export_to(output); }), Refused(ErrorCode::kCancelled));
  EXPECT_TRUE(std::filesystem::is_empty(directory_ / "out"));
}

}  // namespace
}  // namespace pyro::files
