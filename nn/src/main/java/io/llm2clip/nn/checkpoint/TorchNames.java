package io.llm2clip.nn.checkpoint;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The names of Python that files of PyTorch use: what is read as a tensor, and what is known to say nothing of them. */
final class TorchNames {
    static final String REBUILD = "torch._utils._rebuild_";

    private static final Map<String, StoredType> TYPES = Map.ofEntries(
            Map.entry("bool", StoredType.BOOL),
            Map.entry("uint8", StoredType.U8),
            Map.entry("int8", StoredType.I8),
            Map.entry("int16", StoredType.I16),
            Map.entry("short", StoredType.I16),
            Map.entry("int32", StoredType.I32),
            Map.entry("int", StoredType.I32),
            Map.entry("int64", StoredType.I64),
            Map.entry("long", StoredType.I64),
            Map.entry("uint16", StoredType.U16),
            Map.entry("uint32", StoredType.U32),
            Map.entry("uint64", StoredType.U64),
            Map.entry("float8_e5m2", StoredType.F8_E5M2),
            Map.entry("float8_e4m3fn", StoredType.F8_E4M3),
            Map.entry("float16", StoredType.F16),
            Map.entry("half", StoredType.F16),
            Map.entry("bfloat16", StoredType.BF16),
            Map.entry("float32", StoredType.F32),
            Map.entry("float", StoredType.F32),
            Map.entry("float64", StoredType.F64),
            Map.entry("double", StoredType.F64));
    private static final Map<String, StoredType> STORAGES = Map.of(
            "BoolStorage", StoredType.BOOL,
            "ByteStorage", StoredType.U8,
            "CharStorage", StoredType.I8,
            "ShortStorage", StoredType.I16,
            "IntStorage", StoredType.I32,
            "LongStorage", StoredType.I64,
            "HalfStorage", StoredType.F16,
            "BFloat16Storage", StoredType.BF16,
            "FloatStorage", StoredType.F32,
            "DoubleStorage", StoredType.F64);
    /** Types of elements that there is nothing for here. */
    private static final Pattern OTHER_TYPES = Pattern.compile(
            "torch\\.(complex(32|64|128)|cfloat|cdouble|chalf|u?int[1-7]|float[48]_\\w+|qu?int\\w+|bits\\w+)");

    private static final Set<String> DICTIONARIES =
            Set.of("collections.OrderedDict", "collections.defaultdict", "collections.Counter", "builtins.dict");
    /** Functions that return their first argument, but for its type. */
    private static final Set<String> IDENTITIES = Set.of(
            REBUILD + "parameter",
            REBUILD + "parameter_with_state",
            "torch.jit._pickle.build_boollist",
            "torch.jit._pickle.build_doublelist",
            "torch.jit._pickle.build_intlist",
            "torch.jit._pickle.build_tensorlist",
            "torch.jit._pickle.restore_type_tag");
    /** What training leaves in checkpoints besides weights: settings, counters, states of random generators. */
    private static final Set<String> LEFTOVERS = Set.of(
            "torch.nn.parameter.Buffer",
            "torch.nn.parameter.Parameter",
            "torch.Tensor",
            "torch._tensor.Tensor",
            "torch.Size",
            "torch.device",
            "torch.strided",
            "torch.contiguous_format",
            "torch.preserve_format",
            "torch.channels_last",
            "torch.per_channel_affine",
            "torch.per_channel_affine_float_qparams",
            "torch.per_channel_symmetric",
            "torch.per_tensor_affine",
            "torch.per_tensor_symmetric",
            "torch.serialization._get_layout",
            "_codecs.encode",
            "argparse.Namespace",
            "types.SimpleNamespace",
            "typing.Any",
            "builtins.bool",
            "builtins.bytearray",
            "builtins.bytes",
            "builtins.complex",
            "builtins.float",
            "builtins.frozenset",
            "builtins.int",
            "builtins.list",
            "builtins.object",
            "builtins.range",
            "builtins.set",
            "builtins.slice",
            "builtins.str",
            "builtins.tuple",
            "builtins.unicode",
            "collections.deque",
            "copyreg._reconstructor",
            "datetime.date",
            "datetime.datetime",
            "datetime.timedelta",
            "datetime.timezone",
            "easydict.EasyDict",
            "numpy.dtype",
            "numpy.ndarray",
            "numpy.core.multiarray._reconstruct",
            "numpy.core.multiarray.scalar",
            "numpy._core.multiarray._reconstruct",
            "numpy._core.multiarray.scalar",
            "numpy.core.numeric._frombuffer",
            "numpy._core.numeric._frombuffer",
            "pathlib.Path",
            "pathlib.PosixPath",
            "pathlib.PurePosixPath",
            "pathlib.PureWindowsPath",
            "pathlib.WindowsPath",
            "pathlib._local.Path",
            "pathlib._local.PosixPath",
            "yacs.config.CfgNode");
    /** Frameworks whose settings and records are saved as objects; whole families of classes. */
    private static final List<String> LEFTOVER_PACKAGES = List.of(
            "numpy.dtypes.", "omegaconf.", "pytorch_lightning.", "lightning.", "lightning_fabric.", "transformers.");

    private TorchNames() {}

    /** The name in today's Python. */
    static String path(String module, String name) {
        String today = switch (module) {
            case "__builtin__" -> "builtins";
            case "copy_reg" -> "copyreg";
            case "torch.cuda" -> name.endsWith("Storage") ? "torch" : module;
            case "torch.storage" -> name.equals("UntypedStorage") || name.equals("_UntypedStorage") ? "torch" : module;
            default -> module;
        };
        return today + "." + (name.equals("_UntypedStorage") ? "UntypedStorage" : name);
    }

    /** Whether a file may use it. */
    static boolean isKnown(String path, boolean script) {
        return isDictionary(path)
                || isLeftover(path)
                || isIdentity(path)
                || isStorage(path)
                || isType(path)
                || path.startsWith(REBUILD)
                || path.equals("torch._tensor._rebuild_from_type_v2")
                || script && (isModule(path) || path.equals("torch.jit._pickle.build_tensor_from_id"));
    }

    static boolean isDictionary(String path) {
        return DICTIONARIES.contains(path);
    }

    static boolean isIdentity(String path) {
        return IDENTITIES.contains(path);
    }

    /** A class of a model in TorchScript, whose code lies in the same archive. */
    static boolean isModule(String path) {
        return path.startsWith("__torch__.");
    }

    static boolean isUntyped(String path) {
        return path.equals("torch.UntypedStorage");
    }

    /** The type of the elements of a storage; empty if it is none here. */
    static Optional<StoredType> ofStorage(String path) {
        return isUntyped(path)
                ? Optional.of(StoredType.U8)
                : Optional.ofNullable(STORAGES.get(path.substring("torch.".length())));
    }

    static boolean isStorage(String path) {
        return path.startsWith("torch.") && path.endsWith("Storage") && path.indexOf('.') == path.lastIndexOf('.');
    }

    /** A type of elements; empty if it is none here. */
    static Optional<StoredType> ofType(String path) {
        return path.startsWith("torch.")
                ? Optional.ofNullable(TYPES.get(path.substring("torch.".length())))
                : Optional.empty();
    }

    private static boolean isType(String path) {
        return ofType(path).isPresent() || OTHER_TYPES.matcher(path).matches();
    }

    private static boolean isLeftover(String path) {
        return LEFTOVERS.contains(path) || LEFTOVER_PACKAGES.stream().anyMatch(path::startsWith);
    }
}
