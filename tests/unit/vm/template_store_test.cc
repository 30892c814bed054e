#include "services/vm/templates/template_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <future>

#include "tests/support/errors.h"
#include "tests/support/soon.h"
#include "tests/support/temporary.h"

namespace pyro::vm {
namespace {

namespace fs = std::filesystem;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::UnorderedElementsAre;

constexpr std::uint64_t kMiB = 1U << 20U;
constexpr std::uint64_t kPlenty = 1024 * kMiB;

TemplateShape shape_of(const std::string& environment) {
  return {.environment_digest = environment, .accelerator = "tcg", .command_line = "qemu"};
}

Work work(api::ProgressSink progress = {}) {
  return {.deadline = Clock::now() + std::chrono::seconds(30),
          .stop = {},
          .progress = std::move(progress)};
}

void write(const fs::path& path, std::string_view text) {
  write_all(open_file(path, O_WRONLY | O_CREAT | O_TRUNC).get(), text);
}

/// What QEMU and the guest would write: 1 MiB of memory, a header of device state, a disk.
void make_files(const TemplateFiles& files) {
  write(files.memory, std::string(kMiB, 'm'));
  write(files.state, std::string("QEVM\0\0\0\3 and devices", 20));
  write(files.system_disk, "system disk");
}

void set_times(const fs::path& path, timespec modified) {
  const timespec times[] = {modified, modified};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0) << path;
}

timespec modified(const fs::path& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mtim;
}

class TemplateStoreTest : public ::testing::Test {
 protected:
  Template build(const std::string& environment) {
    return store_.build(shape_of(environment), work(), make_files);
  }
  bool found(const std::string& environment) {
    return store_.find(shape_of(environment)) != std::nullopt;
  }
  fs::path place(const std::string& environment) const {
    return store_.directory() / shape_of(environment).key();
  }
  /// What is in the store's directory beside its locks.
  std::vector<std::string> entries() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(store_.directory())) {
      if (entry.path().filename() != "locks") names.push_back(entry.path().filename());
    }
    return names;
  }

  pyro::testing::TestDirectory directory_;
  TemplateStore store_{directory_ / "templates", kPlenty};
};

TEST_F(TemplateStoreTest, finds_nothing_at_first) {
  EXPECT_FALSE(found("e"));
  EXPECT_THAT(store_.check(shape_of("e"), {}), "its warm template was deleted");
}

TEST_F(TemplateStoreTest, finds_what_was_built_and_only_for_its_own_shape) {
  {
    const Template built = build("e");
    EXPECT_EQ(built.directory, place("e"));
    EXPECT_EQ(built.manifest.shape, shape_of("e"));
  }
  TemplateStore another_process(store_.directory(), kPlenty);
  const auto again = another_process.find(shape_of("e"));
  ASSERT_TRUE(again);
  EXPECT_EQ(read_file(again->files().memory), std::string(kMiB, 'm'));
  EXPECT_EQ(read_file(again->files().system_disk), "system disk");
  EXPECT_FALSE(found("other"));
  EXPECT_EQ(store_.check(shape_of("e"), {}), std::nullopt);
  EXPECT_THAT(entries(), ElementsAre(shape_of("e").key()));
}

TEST_F(TemplateStoreTest, keeps_its_files_from_everybody_else) {
  const Template built = build("e");
  for (const fs::path& path :
       {built.files().memory, built.files().state, built.files().system_disk}) {
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  }
  EXPECT_EQ(fs::status(store_.directory()).permissions(), fs::perms::owner_all);
}

TEST_F(TemplateStoreTest, does_not_build_what_it_has) {
  build("e");
  store_.build(shape_of("e"), work(), [](const TemplateFiles&) { FAIL(); });
}

TEST_F(TemplateStoreTest, keeps_nothing_of_a_build_that_failed) {
  const auto fail = [](const TemplateFiles& files) {
    make_files(files);
    throw unavailable("the guest did not boot");
  };
  EXPECT_THAT(error_of([&] { store_.build(shape_of("e"), work(), fail); }),
              Refused(ErrorCode::kUnavailable, "the guest did not boot"));
  EXPECT_THAT(entries(), IsEmpty());
  build("e");
  EXPECT_TRUE(found("e"));
}

TEST_F(TemplateStoreTest, keeps_nothing_of_a_build_that_left_a_file_out) {
  EXPECT_NE(error_of([&] {
              store_.build(shape_of("e"), work(), [](const TemplateFiles& files) {
                make_files(files);
                fs::remove(files.system_disk);
              });
            }),
            std::nullopt);
  EXPECT_THAT(entries(), IsEmpty());
}

TEST_F(TemplateStoreTest, builds_over_what_a_killed_build_left) {
  const fs::path left = store_.directory() / (".building-" + shape_of("e").key());
  fs::create_directory(left);
  write(left / "memory", "half of it");
  write(left / "stranger", "x");
  build("e");
  EXPECT_TRUE(found("e"));
  EXPECT_FALSE(fs::exists(place("e") / "stranger"));
}

TEST_F(TemplateStoreTest, collects_what_killed_processes_left_but_no_build_under_way) {
  const std::string dead = ".building-" + shape_of("dead").key();
  const std::string alive = ".building-" + shape_of("alive").key();
  build("whole");
  for (const std::string& name : {dead, alive, std::string(".deleting-abc.1")}) {
    fs::create_directory(store_.directory() / name);
    write(store_.directory() / name / "memory", "half of it");
  }
  {
    const auto lock = WorkLock::attempt(store_.directory() / "locks" / shape_of("alive").key());
    ASSERT_TRUE(lock);
    store_.collect_garbage();
    EXPECT_THAT(entries(), UnorderedElementsAre(alive, shape_of("whole").key()));
  }
  store_.collect_garbage();
  EXPECT_THAT(entries(), ElementsAre(shape_of("whole").key()));
}

TEST_F(TemplateStoreTest, builds_once_when_two_ask_at_the_same_time) {
  std::mutex mutex;
  std::condition_variable changed;
  bool building = false;
  bool waiting = false;
  int builds = 0;
  const auto wait_for = [&](const bool& what) {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(30), [&what] { return what; }));
  };
  const auto set = [&](bool& what) {
    const std::lock_guard lock(mutex);
    what = true;
    changed.notify_all();
  };
  auto first = std::async(std::launch::async, [&] {
    store_.build(shape_of("e"), work(), [&](const TemplateFiles& files) {
      ++builds;
      set(building);
      wait_for(waiting);
      make_files(files);
    });
  });
  wait_for(building);
  const auto on_progress = [&](const api::Progress& step) {
    if (step.phase == "wait") set(waiting);
  };
  // As another process does: the lock counts between stores, too.
  TemplateStore second(store_.directory(), kPlenty);
  const Template built = second.build(shape_of("e"), work(on_progress), [&](const TemplateFiles&) {
    ADD_FAILURE() << "built twice";
    set(waiting);
  });
  first.get();
  EXPECT_EQ(builds, 1);
  EXPECT_EQ(built.directory, place("e"));
}

/// A change to a whole template, by its name.
struct Harm {
  const char* name;
  void (*apply)(const fs::path& directory);
};

class HarmedTemplateTest : public TemplateStoreTest, public ::testing::WithParamInterface<Harm> {};

TEST_P(HarmedTemplateTest, is_discarded_when_it_is_looked_for_and_can_be_built_again) {
  build("e");
  ASSERT_TRUE(found("e"));
  GetParam().apply(place("e"));
  EXPECT_FALSE(found("e"));
  EXPECT_THAT(entries(), IsEmpty());
  build("e");
  EXPECT_TRUE(found("e"));
}

void copy_over(const fs::path& path) {
  const fs::path copy = path.string() + ".copy";
  fs::copy_file(path, copy);
  set_times(copy, modified(path));
  fs::rename(copy, path);
}

void link_elsewhere(const fs::path& path) {
  const fs::path elsewhere = path.string() + ".elsewhere";
  fs::rename(path, elsewhere);
  fs::create_symlink(elsewhere, path);
}

/// Makes `change` to the manifest and leaves it a manifest.
template <class Change>
void rewrite_manifest(const fs::path& directory, Change&& change) {
  auto manifest = read_record<TemplateManifest>(directory / "manifest.json");
  ASSERT_TRUE(manifest);
  change(*manifest);
  write_record(directory / "manifest.json", *manifest);
}

/// The marks that the file has now, with the digest it had.
void restamp(const fs::path& directory, const std::string& name) {
  rewrite_manifest(directory, [&](TemplateManifest& manifest) {
    for (StoredFile& file : manifest.files) {
      if (file.path != name) continue;
      const std::string digest = file.sha256;
      file = record_file(directory, name, {}, 0600);
      file.sha256 = digest;
    }
  });
}

const Harm kHarms[] = {
    {"its_memory_was_cut", [](const fs::path& d) { fs::resize_file(d / "memory", kMiB / 2); }},
    {"its_memory_grew", [](const fs::path& d) { fs::resize_file(d / "memory", 2 * kMiB); }},
    {"its_memory_was_touched",
     [](const fs::path& d) {
       set_times(d / "memory", {1000, 0});
     }},
    {"its_memory_was_written_and_its_time_set_back",
     [](const fs::path& d) {
       const timespec before = modified(d / "memory");
       ASSERT_EQ(::pwrite(open_file(d / "memory", O_WRONLY).get(), "M", 1, 4096), 1);
       set_times(d / "memory", before);
     }},
    {"its_memory_was_replaced_by_a_copy", [](const fs::path& d) { copy_over(d / "memory"); }},
    {"its_memory_is_missing", [](const fs::path& d) { fs::remove(d / "memory"); }},
    {"its_state_was_cut", [](const fs::path& d) { fs::resize_file(d / "state", 10); }},
    {"its_state_has_another_header",
     [](const fs::path& d) {
       write(d / "state", "ELF and something else");
       restamp(d, "state");
     }},
    {"its_state_is_of_another_version",
     [](const fs::path& d) {
       write(d / "state", std::string_view("QEVM\0\0\0\2 and devices", 20));
       restamp(d, "state");
     }},
    {"its_state_is_empty",
     [](const fs::path& d) {
       write(d / "state", "");
       restamp(d, "state");
     }},
    {"its_system_disk_is_missing", [](const fs::path& d) { fs::remove(d / "system.ext4"); }},
    {"its_system_disk_is_a_link", [](const fs::path& d) { link_elsewhere(d / "system.ext4"); }},
    {"its_manifest_is_missing", [](const fs::path& d) { fs::remove(d / "manifest.json"); }},
    {"its_manifest_is_empty", [](const fs::path& d) { write(d / "manifest.json", ""); }},
    {"its_manifest_is_garbage", [](const fs::path& d) { write(d / "manifest.json", "\xff{["); }},
    {"its_manifest_is_another_shapes",
     [](const fs::path& d) {
       rewrite_manifest(d, [](TemplateManifest& manifest) { manifest.shape = shape_of("x"); });
     }},
    {"its_manifest_lists_no_files",
     [](const fs::path& d) {
       rewrite_manifest(d, [](TemplateManifest& manifest) { manifest.files.clear(); });
     }},
    {"its_manifest_leaves_the_memory_out",
     [](const fs::path& d) {
       rewrite_manifest(d, [](TemplateManifest& manifest) {
         for (StoredFile& file : manifest.files) file = manifest.files[0];
       });
     }},
    {"its_lease_is_missing", [](const fs::path& d) { fs::remove(d / "in-use"); }},
    {"its_lease_is_a_link", [](const fs::path& d) { link_elsewhere(d / "in-use"); }},
    {"it_is_empty",
     [](const fs::path& d) {
       fs::remove_all(d);
       fs::create_directory(d);
     }},
    {"it_is_a_file",
     [](const fs::path& d) {
       fs::remove_all(d);
       write(d, "x");
     }},
};

INSTANTIATE_TEST_SUITE_P(When, HarmedTemplateTest, ::testing::ValuesIn(kHarms),
                         [](const auto& harm) { return harm.param.name; });

TEST_F(TemplateStoreTest, finds_a_changed_byte_by_reading_when_the_marks_were_made_to_match) {
  build("e");
  EXPECT_EQ(store_.check(shape_of("e"), {}), std::nullopt);
  ASSERT_EQ(::pwrite(open_file(place("e") / "memory", O_WRONLY).get(), "M", 1, 5000), 1);
  restamp(place("e"), "memory");
  EXPECT_TRUE(found("e")) << "a use does not read it";
  EXPECT_THAT(store_.check(shape_of("e"), {}),
              Optional(std::string("the warm template's memory has changed since it was saved")));
}

TEST_F(TemplateStoreTest, stops_reading_when_nobody_wants_the_answer) {
  build("e");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(error_of([&] { store_.check(shape_of("e"), stop.get_token()); }),
              Refused(ErrorCode::kCancelled));
}

TEST_F(TemplateStoreTest, prunes_all_and_says_what_that_freed) {
  build("a");
  build("b");
  const auto pruned = store_.prune();
  EXPECT_THAT(pruned.deleted_template_dirs,
              UnorderedElementsAre(place("a").string(), place("b").string()));
  EXPECT_GE(pruned.freed_bytes, 2 * kMiB);
  EXPECT_THAT(entries(), IsEmpty());
  EXPECT_EQ(store_.prune().freed_bytes, 0U);
}

TEST_F(TemplateStoreTest, prunes_none_that_somebody_starts_from) {
  {
    const Template held = build("a");
    build("b");
    EXPECT_THAT(store_.prune().deleted_template_dirs, ElementsAre(place("b").string()));
    store_.discard(shape_of("a"));
    EXPECT_TRUE(found("a"));
  }
  EXPECT_THAT(store_.prune().deleted_template_dirs, ElementsAre(place("a").string()));
}

/// Room for two templates of 1 MiB and a little.
class FullStoreTest : public TemplateStoreTest {
 protected:
  FullStoreTest() { full_.emplace(directory_ / "full", 5 * kMiB / 2); }
  Template build(const std::string& environment) {
    return full_->build(shape_of(environment), work(), make_files);
  }
  void used_at(const std::string& environment, timespec time) {
    set_times(full_->directory() / shape_of(environment).key() / "in-use", time);
  }
  /// Looks without a use.
  bool has(const std::string& environment) const {
    return fs::exists(full_->directory() / shape_of(environment).key());
  }

  std::optional<TemplateStore> full_;
};

TEST_F(FullStoreTest, makes_room_by_the_least_recently_used) {
  build("a");
  build("b");
  used_at("a", {2000, 500});
  used_at("b", {2000, 400});
  build("c");
  EXPECT_TRUE(has("a"));
  EXPECT_FALSE(has("b"));
  EXPECT_TRUE(has("c"));
}

TEST_F(FullStoreTest, counts_a_find_as_a_use) {
  build("a");
  build("b");
  used_at("a", {1000, 0});
  used_at("b", {2000, 0});
  EXPECT_TRUE(full_->find(shape_of("a")));
  build("c");
  EXPECT_TRUE(has("a"));
  EXPECT_FALSE(has("b"));
}

TEST_F(FullStoreTest, passes_over_what_somebody_starts_from) {
  const Template held = build("a");
  build("b");
  used_at("a", {1000, 0});
  used_at("b", {2000, 0});
  build("c");
  EXPECT_TRUE(has("a"));
  EXPECT_FALSE(has("b"));
}

TEST_F(FullStoreTest, keeps_the_newest_though_it_alone_is_over_the_limit) {
  full_.emplace(directory_ / "small", kMiB / 2);
  build("a");
  EXPECT_TRUE(has("a"));
  build("b");
  EXPECT_FALSE(has("a"));
  EXPECT_TRUE(has("b"));
}

TEST_F(TemplateStoreTest, keeps_one_that_failed_once_and_not_one_that_failed_twice_in_a_row) {
  const auto manifest = build("e").manifest;
  for (int i = 0; i < 3; ++i) {
    store_.report_failure(manifest, Clock::now());
    EXPECT_TRUE(found("e")) << "its VMM may have been killed";
    store_.report_success(manifest.shape);
  }
  store_.report_failure(manifest, Clock::now());
  store_.report_failure(manifest, Clock::now());
  EXPECT_FALSE(found("e"));
}

/// As when the host's memory runs out, or its disk stands still.
TEST_F(TemplateStoreTest, counts_restores_that_failed_together_as_one_failure) {
  const auto manifest = build("e").manifest;
  const auto begun = Clock::now();
  for (int i = 0; i < 5; ++i) store_.report_failure(manifest, begun);
  EXPECT_TRUE(found("e"));
  store_.report_failure(manifest, Clock::now());
  EXPECT_FALSE(found("e"));
}

TEST_F(TemplateStoreTest, discards_one_that_failed_and_is_not_what_was_saved) {
  const auto manifest = build("e").manifest;
  fs::resize_file(place("e") / "memory", 1);
  store_.report_failure(manifest, Clock::now());
  EXPECT_TRUE(test::soon([&] { return !fs::exists(place("e")); }));
}

TEST_F(TemplateStoreTest, has_none_of_a_shape_whose_next_template_failed_as_well) {
  for (int made = 0; made < 2; ++made) {
    const auto manifest = build("e").manifest;
    // However many fail after it, it is one template that failed.
    for (int i = 0; i < 5; ++i) store_.report_failure(manifest, Clock::now());
  }
  std::string why_not;
  EXPECT_FALSE(store_.find(shape_of("e"), &why_not));
  EXPECT_THAT(why_not, HasSubstr("pyro prepare --force"));
  EXPECT_THAT(error_of([&] { build("e"); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("pyro prepare --force")));
  build("other");
  EXPECT_TRUE(found("other"));
  store_.build(shape_of("e"), work(), make_files, TemplateStore::Existing::kReplaced);
  EXPECT_TRUE(found("e"));
}

TEST_F(TemplateStoreTest, replaces_a_damaged_one_from_which_somebody_still_starts) {
  const Template held = build("e");
  fs::resize_file(place("e") / "memory", 1);
  std::string why_not;
  EXPECT_FALSE(store_.find(shape_of("e"), &why_not));
  EXPECT_THAT(why_not, HasSubstr("its warm template was damaged: a file was changed"));
  EXPECT_TRUE(fs::exists(place("e")));
  build("e");
  EXPECT_TRUE(found("e"));
}

TEST_F(TemplateStoreTest, keeps_the_old_one_until_its_replacement_is_whole) {
  build("e");
  const auto fail = [](const TemplateFiles&) { throw unavailable("no guest today"); };
  constexpr auto kReplaced = TemplateStore::Existing::kReplaced;
  EXPECT_THAT(error_of([&] { store_.build(shape_of("e"), work(), fail, kReplaced); }),
              Refused(ErrorCode::kUnavailable, HasSubstr("no guest today")));
  EXPECT_TRUE(found("e"));
  bool made = false;
  store_.build(
      shape_of("e"), work(),
      [&](const TemplateFiles& files) {
        EXPECT_TRUE(found("e"));
        made = true;
        make_files(files);
      },
      kReplaced);
  EXPECT_TRUE(made);
  EXPECT_TRUE(found("e"));
}

}  // namespace
}  // namespace pyro::vm
