package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.gpu.device.DeviceException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Address space on the host for arenas that live on a device: TornadoVM wants it, but nobody touches it. */
final class HostMapping {

    private HostMapping() {}

    /** A private map of a sparse file, which takes neither memory nor disk until it is written. */
    static MemorySegment reserve(long bytes, Arena arena) {
        try {
            Path folder = Files.createTempDirectory("llm2clip");
            Path file = folder.resolve("arena");
            try (FileChannel channel = FileChannel.open(
                    file,
                    StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.SPARSE,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.DELETE_ON_CLOSE)) {
                channel.write(ByteBuffer.allocate(1), bytes - 1);
                return channel.map(FileChannel.MapMode.PRIVATE, 0, bytes, arena);
            } finally {
                Files.deleteIfExists(folder);
            }
        } catch (IOException e) {
            throw new DeviceException(
                    "An arena of " + bytes + " bytes cannot be reserved on the host (" + e.getMessage()
                            + "); point java.io.tmpdir to a file system with sparse files.",
                    e);
        }
    }
}
