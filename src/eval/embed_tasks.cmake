# Writes a C++ file that holds every tasks/*.yaml: cmake -DTASKS=FOLDER -DOUT=FILE -P embed_tasks.cmake
file(GLOB files ${TASKS}/*.yaml)
list(SORT files)
set(rows "")
foreach(file ${files})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  # A literal may hold no more than 64 KiB by the standard; tasks are far below.
  string(APPEND rows "    {\"${name}\", R\"__task__(${text})__task__\"},\n")
endforeach()
file(WRITE ${OUT}.new "#include \"eval/task_library.h\"

namespace llmbox {

std::span<const std::pair<std::string_view, std::string_view>> embedded_tasks() {
  static constexpr std::pair<std::string_view, std::string_view> kTasks[] = {
${rows}  };
  return kTasks;
}

}  // namespace llmbox
")
file(COPY_FILE ${OUT}.new ${OUT} ONLY_IF_DIFFERENT)
