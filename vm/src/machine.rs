//! The QEMU command line of the guest, on the hub's own processor through Hypervisor.framework.
//!
//! One network card on socket_vmnet's socket and no other: no user-mode network, no shared folder, no display,
//! no monitor on a terminal. Values inside an option escape `,` by doubling it, as QEMU reads it.

use crate::network::check_socket;
use crate::{MacAddress, VmError};
use sanctum_types::{AbsPath, NodeName};

/// Processor of the hub, which the guest shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arch {
    /// Apple silicon.
    Aarch64,
    /// Intel.
    X86_64,
}

/// How QEMU comes back to socket_vmnet after it was restarted; the option's name depends on QEMU's version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reconnect {
    /// `reconnect-ms`, from QEMU 9.2 on.
    #[default]
    Milliseconds,
    /// `reconnect` in seconds, QEMU 8.0 to 9.1.
    Seconds,
}

/// One machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Its name, from which its MAC address follows.
    pub slug: NodeName,
    /// Its processor.
    pub arch: Arch,
    /// Processors.
    pub cpus: u32,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Prefix of QEMU, with `bin` and `share/qemu`.
    pub qemu: AbsPath,
    /// Disk image (qcow2).
    pub disk: AbsPath,
    /// Directory that the guest sees as a disk labelled `cidata`.
    pub seed: AbsPath,
    /// Image in which the firmware keeps its variables.
    pub variables: AbsPath,
    /// socket_vmnet's socket.
    pub socket: AbsPath,
    /// Socket of QEMU's own control protocol.
    pub control: AbsPath,
    /// File that takes what the guest's serial port says.
    pub serial_log: AbsPath,
    /// How QEMU comes back to the socket.
    pub reconnect: Reconnect,
}

struct Board {
    program: &'static str,
    machine: &'static str,
    code: &'static str,
}

impl Arch {
    const fn board(self) -> Board {
        match self {
            Self::Aarch64 => Board {
                program: "bin/qemu-system-aarch64",
                machine: "virt,accel=hvf",
                code: "share/qemu/edk2-aarch64-code.fd",
            },
            Self::X86_64 => Board {
                program: "bin/qemu-system-x86_64",
                machine: "q35,accel=hvf",
                code: "share/qemu/edk2-x86_64-code.fd",
            },
        }
    }
}

/// More than any Mac has; catches a size given in the wrong unit.
const MAX_CPUS: u32 = 64;
/// 64 MiB is too little to boot the guest, 2 TiB more than any Mac has.
const MEMORY_MIB: std::ops::RangeInclusive<u32> = 256..=2 * 1024 * 1024;

impl Machine {
    /// The whole command: program first, each argument as the program gets it.
    pub fn command(&self) -> Result<Vec<String>, VmError> {
        let (cpus, memory_mib) = (self.cpus, self.memory_mib);
        if !(1..=MAX_CPUS).contains(&cpus) || !MEMORY_MIB.contains(&memory_mib) {
            return Err(VmError::Size { cpus, memory_mib });
        }
        check_socket(&self.socket)?;
        check_socket(&self.control)?;
        let board = self.arch.board();
        let mut command = vec![format!("{}/{}", self.qemu, board.program)];
        let mut option = |name: &str, value: String| {
            command.push(format!("-{name}"));
            command.push(value);
        };
        option("name", self.slug.as_str().to_owned());
        option("machine", board.machine.to_owned());
        option("cpu", "host".to_owned());
        option("smp", cpus.to_string());
        option("m", format!("{memory_mib}M"));
        self.drives(&board, &mut option);
        self.cards(&mut option);
        option("display", "none".to_owned());
        option("monitor", "none".to_owned());
        command.extend(["-no-user-config", "-nodefaults"].map(str::to_owned));
        Ok(command)
    }

    fn drives(&self, board: &Board, option: &mut impl FnMut(&str, String)) {
        let code = format!("{}/{}", escape(&self.qemu), board.code);
        option("drive", format!("if=pflash,unit=0,format=raw,readonly=on,file={code}"));
        let variables = escape(&self.variables);
        option("drive", format!("if=pflash,unit=1,format=raw,file={variables}"));
        option(
            "blockdev",
            format!("driver=file,node-name=disk-file,filename={}", escape(&self.disk)),
        );
        option("blockdev", "driver=qcow2,node-name=disk,file=disk-file,discard=unmap".to_owned());
        option("device", "virtio-blk-pci,drive=disk,bootindex=0".to_owned());
        let seed = escape(&self.seed);
        let fat = format!("driver=vvfat,node-name=seed,dir={seed},label=cidata,read-only=on");
        option("blockdev", fat);
        option("device", "virtio-blk-pci,drive=seed".to_owned());
    }

    fn cards(&self, option: &mut impl FnMut(&str, String)) {
        let again = match self.reconnect {
            Reconnect::Milliseconds => "reconnect-ms=500",
            Reconnect::Seconds => "reconnect=1",
        };
        let socket = escape(&self.socket);
        let stream = format!("stream,id=net0,server=off,addr.type=unix,addr.path={socket},{again}");
        option("netdev", stream);
        let mac = MacAddress::of(self.slug.as_str());
        option("device", format!("virtio-net-pci,netdev=net0,mac={mac}"));
        option("device", "virtio-rng-pci".to_owned());
        option("chardev", format!("file,id=serial0,append=on,path={}", escape(&self.serial_log)));
        option("serial", "chardev:serial0".to_owned());
        let control = escape(&self.control);
        option("chardev", format!("socket,id=control,server=on,wait=off,path={control}"));
        option("mon", "chardev=control,mode=control".to_owned());
    }
}

fn escape(path: &AbsPath) -> String {
    path.as_str().replace(',', ",,")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use proptest::prelude::*;

    fn path(text: &str) -> AbsPath {
        AbsPath::new(text).unwrap()
    }

    fn machine(arch: Arch) -> Machine {
        Machine {
            slug: NodeName::new("manor").unwrap(),
            arch,
            cpus: 4,
            memory_mib: 8192,
            qemu: path("/opt/sanctum/qemu"),
            disk: path("/opt/sanctum/vm/guest.qcow2"),
            seed: path("/opt/sanctum/vm/seed"),
            variables: path("/opt/sanctum/vm/state/efi-vars.fd"),
            socket: path("/opt/sanctum/vm/net/vmnet.sock"),
            control: path("/opt/sanctum/vm/state/control.sock"),
            serial_log: path("/var/log/sanctum/vm/serial.log"),
            reconnect: Reconnect::Milliseconds,
        }
    }

    /// The command, an option a line.
    fn shown(machine: &Machine) -> String {
        machine.command().unwrap().join(" ").replace(" -", "\n-")
    }

    #[test]
    fn apple_silicon() {
        expect![[r#"
            /opt/sanctum/qemu/bin/qemu-system-aarch64
            -name manor
            -machine virt,accel=hvf
            -cpu host
            -smp 4
            -m 8192M
            -drive if=pflash,unit=0,format=raw,readonly=on,file=/opt/sanctum/qemu/share/qemu/edk2-aarch64-code.fd
            -drive if=pflash,unit=1,format=raw,file=/opt/sanctum/vm/state/efi-vars.fd
            -blockdev driver=file,node-name=disk-file,filename=/opt/sanctum/vm/guest.qcow2
            -blockdev driver=qcow2,node-name=disk,file=disk-file,discard=unmap
            -device virtio-blk-pci,drive=disk,bootindex=0
            -blockdev driver=vvfat,node-name=seed,dir=/opt/sanctum/vm/seed,label=cidata,read-only=on
            -device virtio-blk-pci,drive=seed
            -netdev stream,id=net0,server=off,addr.type=unix,addr.path=/opt/sanctum/vm/net/vmnet.sock,reconnect-ms=500
            -device virtio-net-pci,netdev=net0,mac=be:a5:1d:00:06:d6
            -device virtio-rng-pci
            -chardev file,id=serial0,append=on,path=/var/log/sanctum/vm/serial.log
            -serial chardev:serial0
            -chardev socket,id=control,server=on,wait=off,path=/opt/sanctum/vm/state/control.sock
            -mon chardev=control,mode=control
            -display none
            -monitor none
            -no-user-config
            -nodefaults"#]]
        .assert_eq(&shown(&machine(Arch::Aarch64)));
    }

    #[test]
    fn intel_with_an_older_qemu() {
        let intel = Machine { reconnect: Reconnect::Seconds, ..machine(Arch::X86_64) };
        let (intel, apple) = (shown(&intel), shown(&machine(Arch::Aarch64)));
        let pairs = intel.lines().zip(apple.lines());
        let other: Vec<_> = pairs.filter(|(a, b)| a != b).map(|(line, _)| line).collect();
        assert_eq!(intel.lines().count(), apple.lines().count());
        expect![[r#"
            /opt/sanctum/qemu/bin/qemu-system-x86_64
            -machine q35,accel=hvf
            -drive if=pflash,unit=0,format=raw,readonly=on,file=/opt/sanctum/qemu/share/qemu/edk2-x86_64-code.fd
            -netdev stream,id=net0,server=off,addr.type=unix,addr.path=/opt/sanctum/vm/net/vmnet.sock,reconnect=1"#]].assert_eq(&other.join("\n"));
    }

    #[test]
    fn refusals() {
        let good = machine(Arch::Aarch64);
        for (cpus, memory_mib) in [(0, 8192), (65, 8192), (4, 8), (4, u32::MAX)] {
            let bad = Machine { cpus, memory_mib, ..good.clone() };
            assert!(matches!(bad.command(), Err(VmError::Size { .. })), "{cpus} {memory_mib}");
        }
        let long = path(&format!("/{}", "s".repeat(103)));
        for bad in
            [Machine { socket: long.clone(), ..good.clone() }, Machine { control: long, ..good }]
        {
            assert!(matches!(bad.command(), Err(VmError::SocketPath { .. })));
        }
    }

    /// QEMU's own reading of an option: `,` separates, `,,` is one comma of a value.
    fn read(option: &str) -> Vec<String> {
        let mut parts = vec![String::new()];
        let mut rest = option.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                ',' if rest.next_if_eq(&',').is_none() => parts.push(String::new()),
                _ => parts.last_mut().unwrap().push(c),
            }
        }
        parts
    }

    proptest! {
        #[test]
        fn a_path_adds_no_option(name in "[a-z,=. ]{1,20}") {
            let Ok(disk) = AbsPath::new(format!("/{name}")) else { return Ok(()) };
            let plain = machine(Arch::Aarch64);
            let (odd, plain) = (Machine { disk: disk.clone(), ..plain.clone() }.command().unwrap(), plain.command().unwrap());
            prop_assert_eq!(odd.len(), plain.len());
            let given = odd.iter().flat_map(|option| read(option)).filter(|part| *part == format!("filename={disk}"));
            prop_assert_eq!(given.count(), 1);
            let count = |command: &[String]| command.iter().map(|option| read(option).len()).sum::<usize>();
            prop_assert_eq!(count(&odd), count(&plain));
        }
    }
}
