"""Methods, getters and members of native types, and of classes with __slots__, that unrelated classes have among their attributes: their
instances are no such objects, and nothing may take them for that."""
import _thread
import copy
import operator
import sys
import types
import unittest


class Slotted:
    __slots__ = ('member',)


class Borrower:
    append = list.append
    upper = str.upper
    acquire = _thread.LockType.acquire
    fromkeys = dict.__dict__['fromkeys']
    code = types.FunctionType.__dict__['__code__']
    frame = types.TracebackType.tb_frame
    cell = types.CellType.__dict__['cell_contents']
    member = Slotted.member
    get = dict.get
    keys = dict.keys
    send = types.GeneratorType.send
    __enter__ = _thread.LockType.__enter__
    __exit__ = _thread.LockType.__exit__
    __class_getitem__ = dict.__dict__['fromkeys']
    __reversed__ = list.__reversed__
    __getitem__ = list.__getitem__
    __contains__ = dict.__contains__
    __len__ = list.__len__
    __iter__ = list.__iter__
    __complex__ = complex.__complex__
    __round__ = float.__round__
    __bytes__ = bytes.__bytes__
    __format__ = str.__format__
    __sizeof__ = list.__sizeof__
    __reduce__ = BaseException.__reduce__


class Derived(Borrower):
    def append_of_base(self):
        return super().append(1)

    def upper_of_base(self):
        return super().upper()

    def member_of_base(self):
        return super().member


class Meta(type):
    append = list.append
    code = types.FunctionType.__dict__['__code__']
    member = Slotted.member
    fromkeys = dict.__dict__['fromkeys']


class OfMeta(metaclass=Meta):
    pass


class Borrowed(unittest.TestCase):
    def refuses(self, call, message):
        for _ in range(4):  # the first call of a site fills its cache
            with self.assertRaises(TypeError) as caught:
                call()
            self.assertEqual(str(caught.exception), message)

    def doesnt_apply(self, call, name, owner, to='Borrower'):
        self.refuses(call, f"descriptor '{name}' for '{owner}' objects doesn't apply to a '{to}' object")

    def test_methods(self):
        for b in Borrower(), Derived():
            to = type(b).__name__
            self.doesnt_apply(lambda: b.append(1), 'append', 'list', to)
            self.doesnt_apply(lambda: b.append(*[1]), 'append', 'list', to)
            self.doesnt_apply(lambda: b.append, 'append', 'list', to)
            self.doesnt_apply(lambda: b.upper(), 'upper', 'str', to)
            self.doesnt_apply(lambda: b.acquire(), 'acquire', '_thread.lock', to)
            self.doesnt_apply(lambda: b.acquire(False), 'acquire', '_thread.lock', to)
            self.doesnt_apply(lambda: b.acquire(blocking=False), 'acquire', '_thread.lock', to)
            self.doesnt_apply(lambda: b.send(None), 'send', 'generator', to)
            self.doesnt_apply(lambda: operator.methodcaller('get', 1)(b), 'get', 'dict', to)
            self.doesnt_apply(lambda: dict(b), 'keys', 'dict', to)

    def test_class_methods(self):
        message = "descriptor 'fromkeys' requires a subtype of 'dict' but received 'Borrower'"
        self.refuses(lambda: Borrower.fromkeys([1]), message)
        self.refuses(lambda: Borrower().fromkeys([1]), message)
        self.refuses(lambda: Borrower[[1]], message)

    def test_getters_and_members(self):
        b = Borrower()
        self.doesnt_apply(lambda: b.code, '__code__', 'function')
        self.doesnt_apply(lambda: b.frame, 'tb_frame', 'traceback')
        self.doesnt_apply(lambda: b.cell, 'cell_contents', 'cell')
        self.doesnt_apply(lambda: b.member, 'member', 'Slotted')

        def set_member():
            b.member = 1

        def delete_member():
            del b.member

        def set_cell():
            b.cell = 1

        self.doesnt_apply(set_member, 'member', 'Slotted')
        self.doesnt_apply(delete_member, 'member', 'Slotted')
        self.doesnt_apply(set_cell, 'cell_contents', 'cell')

    def test_one_site_sees_both(self):
        def read(x):
            return x.member

        fits = Slotted()
        fits.member = 7
        for _ in range(4):
            self.assertEqual(read(fits), 7)
            self.doesnt_apply(lambda: read(Borrower()), 'member', 'Slotted')

    def test_super(self):
        d = Derived()
        self.doesnt_apply(d.append_of_base, 'append', 'list', 'Derived')
        self.doesnt_apply(d.upper_of_base, 'upper', 'str', 'Derived')
        self.doesnt_apply(d.member_of_base, 'member', 'Slotted', 'Derived')

    def test_metaclass(self):
        self.doesnt_apply(lambda: OfMeta.append(1), 'append', 'list', 'Meta')
        self.doesnt_apply(lambda: OfMeta.code, '__code__', 'function', 'Meta')
        self.doesnt_apply(lambda: OfMeta.member, 'member', 'Slotted', 'Meta')
        self.refuses(lambda: OfMeta.fromkeys([1]), "descriptor 'fromkeys' requires a subtype of 'dict' but received 'Meta'")

    def test_special_methods(self):
        b = Borrower()

        def enter():
            with b:
                pass

        self.doesnt_apply(enter, '__enter__', '_thread.lock')
        self.doesnt_apply(lambda: reversed(b), '__reversed__', 'list')
        self.doesnt_apply(lambda: b[0], '__getitem__', 'list')
        self.doesnt_apply(lambda: 1 in b, '__contains__', 'dict')
        self.refuses(lambda: len(b), "descriptor '__len__' requires a 'list' object but received a 'Borrower'")
        self.refuses(lambda: list(iter(b)), "descriptor '__iter__' requires a 'list' object but received a 'Borrower'")
        self.doesnt_apply(lambda: complex(b), '__complex__', 'complex')
        self.doesnt_apply(lambda: round(b), '__round__', 'float')
        self.doesnt_apply(lambda: bytes(b), '__bytes__', 'bytes')
        self.doesnt_apply(lambda: format(b), '__format__', 'str')
        self.doesnt_apply(lambda: sys.getsizeof(b), '__sizeof__', 'list')
        self.doesnt_apply(lambda: copy.copy(b), '__reduce__', 'BaseException')

    def test_attribute_access(self):
        for owner, name in (type, 'type'), (super, 'super'), (types.ModuleType, 'module'), (_thread._local, '_thread._local'):
            class Reads:
                __getattribute__ = owner.__dict__['__getattribute__']

            message = f"descriptor '__getattribute__' requires a '{name}' object but received a 'Reads'"
            reads = Reads()
            self.refuses(lambda: reads.x, message)
            self.refuses(lambda: reads.x(), message)

    def test_profiled(self):
        seen = []
        sys.setprofile(lambda frame, event, arg: seen.append(arg) if event == 'c_call' else None)
        try:
            self.doesnt_apply(lambda: list.append(5, 1), 'append', 'list', 'int')
            self.doesnt_apply(lambda: types.MethodType(list.append, 5)(1), 'append', 'list', 'int')
            self.assertIsNone(types.MethodType(list.append, [])(1))
        finally:
            sys.setprofile(None)
        owners = [f.__self__ for f in seen if getattr(f, '__name__', None) == 'append']
        self.assertTrue(all(isinstance(owner, list) for owner in owners))


if __name__ == '__main__':
    unittest.main()
