package io.llm2clip.nn.checkpoint;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * One file of PyTorch since version 1.6: a zip archive with a pickle {@code data.pkl} that says what is in it, and a file per
 * storage, whose numbers tensors share. What {@code torch.save} wrote is read, and what {@code torch.jit.save} wrote, of which
 * modules are taken as dictionaries of their attributes and the code is left.
 */
final class TorchFile {
    private static final String PICKLE = "data.pkl";
    private static final long LONGEST_PICKLE = 100_000_000;
    private static final long LONGEST_ORDER = 100;

    private TorchFile() {}

    /** @throws CheckpointException if the archive is none of PyTorch, damaged, or holds things other than tensors */
    static TensorFile read(Path file, MemorySegment bytes) {
        ZipEntries entries = ZipEntries.read(file, bytes);
        String root = root(file, entries);
        byte[] pickle = entries.load(root + PICKLE, LONGEST_PICKLE).orElseThrow();
        boolean script = entries.names().contains(root + "constants.pkl");
        TorchObjects objects =
                new TorchObjects(file, script, order(file, entries, root), key -> entries.find(root + "data/" + key));
        return StateDict.unwrapped(StateDict.of(file, Unpickler.read(file, PICKLE, pickle, objects)));
    }

    /** The folder within the archive, named after the file as it was called first. */
    private static String root(Path file, ZipEntries entries) {
        List<String> pickles = entries.names().stream()
                .filter(name -> name.equals(PICKLE) || name.endsWith("/" + PICKLE))
                .toList();
        if (pickles.size() != 1) {
            throw new CheckpointException(
                    "%s: expected a PyTorch archive, which has one %s, found a zip archive with %s; if weights are in it, unpack it."
                            .formatted(file, PICKLE, pickles.isEmpty() ? "none" : Integer.toString(pickles.size())));
        }
        return pickles.getFirst().substring(0, pickles.getFirst().length() - PICKLE.length());
    }

    private static ByteOrder order(Path file, ZipEntries entries, String root) {
        // Versions before 2.1 do not say it.
        String name = entries.load(root + "byteorder", LONGEST_ORDER)
                .map(bytes -> new String(bytes, StandardCharsets.ISO_8859_1))
                .orElse("little");
        return switch (name) {
            case "little" -> ByteOrder.LITTLE_ENDIAN;
            case "big" -> ByteOrder.BIG_ENDIAN;
            default ->
                throw new CheckpointException(
                        "%s: expected the byte order 'little' or 'big', found '%s'. The file is damaged; fetch or save it again."
                                .formatted(file, name));
        };
    }
}
