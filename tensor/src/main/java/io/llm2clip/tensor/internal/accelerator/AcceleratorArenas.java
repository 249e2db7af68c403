package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.device.ArenaSize;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.tensor.TensorException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Which elements of a device's arenas are free. A range lies in one arena; its use says which arenas are tried first. */
final class AcceleratorArenas implements RangeSource {
    private final String device;
    private final List<ArenaSize> sizes;
    private final List<ArenaSpace> spaces = new ArrayList<>();

    /**
     * @param device for messages
     * @param sizes by the arenas' numbers
     */
    AcceleratorArenas(String device, List<ArenaSize> sizes) {
        this.device = device;
        this.sizes = List.copyOf(sizes);
        sizes.forEach(size -> spaces.add(new ArenaSpace(size.elements())));
    }

    /**
     * Arenas of a type for a number of elements: as large as may be, the last one smaller.
     *
     * @param maxElements of one arena
     */
    static List<ArenaSize> divide(DType dtype, long elements, long maxElements) {
        List<ArenaSize> arenas = new ArrayList<>();
        for (long rest = elements; rest > 0; rest -= maxElements) {
            arenas.add(new ArenaSize(dtype, Math.min(rest, maxElements)));
        }
        return arenas;
    }

    @Override
    public ArenaRange take(MemoryUse use, DType dtype, long elements) {
        List<Integer> numbers = numbers(dtype);
        for (int arena : use == MemoryUse.VARIABLE ? numbers : numbers.reversed()) {
            long start = spaces.get(arena).take(elements);
            if (start >= 0) {
                return new ArenaRange(dtype, new DeviceAddress(arena, (int) start), elements);
            }
        }
        throw noRoom(numbers, dtype, elements);
    }

    @Override
    public void give(ArenaRange range) {
        spaces.get(range.start().arena()).give(range.start().element(), range.elements());
    }

    /** Elements of the largest arena of a type, as far as ranges may take them. */
    long largest(DType dtype) {
        return numbers(dtype).stream()
                .mapToLong(arena -> spaces.get(arena).capacity())
                .max()
                .orElse(0);
    }

    private List<Integer> numbers(DType dtype) {
        return IntStream.range(0, sizes.size())
                .filter(arena -> sizes.get(arena).dtype() == dtype.arena())
                .boxed()
                .toList();
    }

    private TensorException noRoom(List<Integer> numbers, DType dtype, long elements) {
        long total = 0;
        long free = 0;
        long piece = 0;
        for (int arena : numbers) {
            total += sizes.get(arena).elements();
            free += spaces.get(arena).freeElements();
            piece = Math.max(piece, spaces.get(arena).largestPiece());
        }
        int bytes = dtype.arena().bytes();
        String wanted = elements * bytes + " more bytes: ";
        return new TensorException("The device memory for " + dtype + " on " + device + " has no room for " + wanted
                + (elements > largest(dtype) && elements <= free
                        ? "a value is in one arena, of which the largest has " + largest(dtype) * bytes
                                + "; use smaller batches or a smaller model."
                        : free * bytes + " of " + total * bytes + " are free, "
                                + piece * bytes
                                + " of them in one piece; use smaller batches, or allow more of its memory"
                                + " (--device-memory)."));
    }
}
