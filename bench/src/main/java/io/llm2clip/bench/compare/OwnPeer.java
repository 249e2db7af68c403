package io.llm2clip.bench.compare;

import io.llm2clip.bench.MultiplyAdds;
import io.llm2clip.bench.memory.ProcessMemory;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.tensor.machine.Processor;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * This engine as a peer: commands on standard input, an answer of one JSON line to each, as {@code bench/compare/protocol.py} says.
 * Besides, {@code store FOLDER KIND ...} writes a model's weights, and {@code peak} measures multiply-adds,
 * and {@code machine} says what multiplies matrices here.
 */
final class OwnPeer {
    private final Map<String, Task> tasks = new HashMap<>();

    private OwnPeer() {}

    public static void main(String[] arguments) throws IOException {
        // Whatever prints, answers are alone on standard output.
        PrintStream answers = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        System.setOut(System.err);
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        OwnPeer peer = new OwnPeer();
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            answers.println(peer.answer(List.of(line.split(" "))));
            answers.flush();
        }
        peer.tasks.values().forEach(Task::close);
    }

    private String answer(List<String> words) {
        try {
            List<String> more = words.subList(1, words.size());
            return switch (words.getFirst()) {
                case "prepare" -> {
                    tasks.put(more.getFirst(), OwnTasks.of(Request.parse(more.subList(1, more.size()))));
                    yield "{}";
                }
                case "output" -> Output.of(task(more).output()).json();
                case "flops" -> "{\"flops\": " + task(more).flops() + "}";
                case "round" -> "{\"nanos\": " + nanos(task(more), Integer.parseInt(more.get(1))) + "}";
                case "memory" -> "{\"bytes\": " + ProcessMemory.peak() + "}";
                case "peak" -> "{\"gflops\": " + MultiplyAdds.peak(Workers.shared()) + "}";
                case "machine" -> machine(Processor.current());
                case "store" -> {
                    OwnModels.store(Request.parse(more.subList(1, more.size())), Path.of(more.getFirst()));
                    yield "{}";
                }
                default -> throw new IllegalArgumentException("Unknown command " + words.getFirst());
            };
        } catch (AbsentException e) {
            return said("absent", e);
        } catch (RuntimeException | Error e) {
            // The peer goes on: the other side is told.
            return said("error", e);
        }
    }

    private static String machine(Processor cpu) {
        return JsonMapper.shared().writeValueAsString(Map.of("vectorBits", cpu.vectorBits(), "matmul", cpu.matmul()));
    }

    private Task task(List<String> words) {
        Task task = tasks.get(words.getFirst());
        if (task == null) {
            throw new IllegalArgumentException("There is no task '" + words.getFirst() + "'; prepare it first.");
        }
        return task;
    }

    private static long nanos(Task task, int count) {
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            task.run();
        }
        return System.nanoTime() - start;
    }

    private static String said(String what, Throwable e) {
        return JsonMapper.shared().writeValueAsString(Map.of(what, String.valueOf(e.getMessage())));
    }
}
