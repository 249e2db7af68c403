package io.llm2clip.cli;

import io.llm2clip.kernels.matrix.MatrixUnit;
import io.llm2clip.kernels.vector.Vectors;
import io.llm2clip.kernels.vector.Workers;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code llm2clip devices}. */
@Command(name = "devices", mixinStandardHelpOptions = true, description = "Show what this machine computes with.")
final class DevicesCommand implements Runnable {
    @Mixin
    private Terminal terminal = new Terminal();

    private record Cpu(int threads, int vectorBits, String matrixUnit) {}

    @Override
    public void run() {
        Cpu cpu = new Cpu(
                Workers.shared().threads(),
                Vectors.BYTES * Byte.SIZE,
                MatrixUnit.selected().name());
        if (terminal.json()) {
            terminal.printJson(cpu);
        } else {
            terminal.print("cpu: %d threads, vectors of %d bits, matrix unit %s"
                    .formatted(cpu.threads, cpu.vectorBits, cpu.matrixUnit));
        }
    }
}
