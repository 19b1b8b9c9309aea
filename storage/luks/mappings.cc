#include "storage/luks/mappings.h"

#include <libdevmapper.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "storage/luks/errno_status.h"

namespace kedge {
namespace {

struct TaskDeleter {
  void operator()(dm_task* task) const { dm_task_destroy(task); }
};
using Task = std::unique_ptr<dm_task, TaskDeleter>;

Status TaskError(const dm_task* task, const std::string& what) {
  const int error = dm_task_get_errno(const_cast<dm_task*>(task));
  return ErrnoStatus(error == 0 ? EIO : error, "device-mapper: " + what);
}

// `window`: the table of tasks that take one.
StatusOr<Task> RunTask(int type, const std::string& name, const LinearWindow* window = nullptr) {
  Task task(dm_task_create(type));
  if (task == nullptr) return ErrnoStatus(ENOMEM, "device-mapper task");
  // Tables may hold key material: the buffers are wiped.
  dm_task_secure_data(task.get());
  if (!name.empty() && dm_task_set_name(task.get(), name.c_str()) == 0) {
    return TaskError(task.get(), "name " + name);
  }
  if (window != nullptr && dm_task_add_target(task.get(), 0, window->length, "linear",
                                              LinearParameters(*window).c_str()) == 0) {
    return TaskError(task.get(), "table of " + name);
  }
  if (type == DM_DEVICE_REMOVE) dm_task_retry_remove(task.get());
  // What lies above need not be frozen for a window that keeps its beginning.
  if (type == DM_DEVICE_RESUME) dm_task_skip_lockfs(task.get());
  if (dm_task_run(task.get()) == 0) return TaskError(task.get(), name);
  return task;
}

struct Mapping {
  std::string name;
  dev_t number;
  std::vector<dev_t> lies_on;
};

StatusOr<std::vector<Mapping>> ListMappings() {
  ASSIGN_OR_RETURN(const Task task, RunTask(DM_DEVICE_LIST, ""));
  std::vector<Mapping> mappings;
  const dm_names* entry = dm_task_get_names(task.get());
  if (entry == nullptr || entry->dev == 0) return mappings;
  while (true) {
    Mapping mapping{.name = entry->name, .number = static_cast<dev_t>(entry->dev), .lies_on = {}};
    ASSIGN_OR_RETURN(const Task deps_task, RunTask(DM_DEVICE_DEPS, mapping.name));
    if (const dm_deps* deps = dm_task_get_deps(deps_task.get())) {
      for (uint32_t i = 0; i < deps->count; ++i) {
        mapping.lies_on.push_back(static_cast<dev_t>(deps->device[i]));
      }
    }
    mappings.push_back(std::move(mapping));
    if (entry->next == 0) return mappings;
    entry = reinterpret_cast<const dm_names*>(reinterpret_cast<const char*>(entry) + entry->next);
  }
}

void IgnoreLine(int, const char*, int, int, const char*, ...) {}

}  // namespace

void SetUpDeviceMapper() {
  dm_log_with_errno_init(IgnoreLine);
  dm_udev_set_sync_support(0);
}

std::string DeviceNumber(dev_t number) {
  return std::to_string(major(number)) + ":" + std::to_string(minor(number));
}

StatusOr<std::vector<TableTarget>> ReadTable(const std::string& name) {
  ASSIGN_OR_RETURN(const Task task, RunTask(DM_DEVICE_TABLE, name));
  std::vector<TableTarget> targets;
  void* next = nullptr;
  do {
    TableTarget target;
    char* type = nullptr;
    char* parameters = nullptr;
    next = dm_get_next_target(task.get(), next, &target.start, &target.length, &type, &parameters);
    if (type != nullptr) target.type = type;
    if (parameters != nullptr) target.parameters = parameters;
    targets.push_back(std::move(target));
  } while (next != nullptr);
  return targets;
}

StatusOr<LiveTables> ReadLiveTables(const std::string& mapping) {
  LiveTables live;
  ASSIGN_OR_RETURN(live.crypt, ReadTable(mapping));
  ASSIGN_OR_RETURN(live.integrity, ReadTable(IntegrityName(mapping)));
  return live;
}

StatusOr<std::string> MappedDeviceNumber(const std::string& mapping) {
  ASSIGN_OR_RETURN(const Task task, RunTask(DM_DEVICE_INFO, mapping));
  dm_info info{};
  if (dm_task_get_info(task.get(), &info) == 0 || info.exists == 0) {
    return MakeError(StatusCode::kNotFound, "there is no mapped device " + mapping);
  }
  return DeviceNumber(makedev(info.major, info.minor));
}

Status CreateLinear(const std::string& name, const LinearWindow& window) {
  const Status status = RunTask(DM_DEVICE_CREATE, name, &window).status();
  dm_task_update_nodes();  // the library puts off its changes to /dev/mapper
  return status;
}

Status ReloadLinear(const std::string& name, const LinearWindow& window) {
  RETURN_IF_ERROR(RunTask(DM_DEVICE_RELOAD, name, &window).status());
  // Resuming a device that runs exchanges its table.
  return RunTask(DM_DEVICE_RESUME, name).status();
}

Status RemoveMappingsOn(dev_t disk, const std::string& mapping) {
  ASSIGN_OR_RETURN(const std::vector<Mapping> mappings, ListMappings());
  std::vector<dev_t> stack = {disk};
  std::vector<std::string> names;
  // Grows while it is walked: each found mapping may carry others.
  for (size_t i = 0; i < stack.size(); ++i) {
    for (const Mapping& candidate : mappings) {
      if (std::count(candidate.lies_on.begin(), candidate.lies_on.end(), stack[i]) > 0 &&
          std::count(stack.begin(), stack.end(), candidate.number) == 0) {
        stack.push_back(candidate.number);
        names.push_back(candidate.name);
      }
    }
  }
  // A device is made in three calls: its name, its table, its start. Cut off before the last it
  // lies on nothing yet that can be asked for, and only its name says whose it is.
  for (const std::string& own : {IntegrityName(mapping), mapping, FileSystemName(mapping)}) {
    for (const Mapping& found : mappings) {
      if (found.name == own && found.lies_on.empty()) names.push_back(own);
    }
  }
  Status status;
  for (auto name = names.rbegin(); name != names.rend() && status.ok(); ++name) {
    status = RunTask(DM_DEVICE_REMOVE, *name).status();
  }
  dm_task_update_nodes();  // the library puts off its changes to /dev/mapper
  return status;
}

}  // namespace kedge
